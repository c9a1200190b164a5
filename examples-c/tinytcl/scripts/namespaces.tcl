namespace eval counter {
    variable value 0
    namespace export next reset
    proc next {} { variable value; return [incr value] }
    proc reset {} { variable value 0; return }
    proc hidden {} { return hidden }
    namespace eval deep { variable x deepest; proc where {} { namespace current } }
}
puts [counter::next][counter::next][::counter::next]
puts $counter::value
puts [counter::deep::where]
puts $::counter::deep::x
namespace import counter::*
puts [next]
reset
puts [next]
puts [catch hidden msg]:$msg
puts [namespace exists counter][namespace exists nosuch]
puts [lsort [namespace children counter]]
puts [namespace parent counter::deep]:[namespace parent counter]
puts [namespace qualifiers ::a::b::c]:[namespace tail ::a::b::c]
puts [namespace current]:[namespace eval counter {namespace current}]
puts [lsort [namespace eval counter {namespace export}]]
puts [namespace which next]:[namespace which -variable counter::value]:[namespace origin next]
namespace eval counter { proc local {} { return [hidden] } }
puts [counter::local]
proc hidden2 {} { return global }
namespace eval counter { puts [hidden2]; proc hidden2 {} { return own }; puts [hidden2] }
set g 1
namespace eval reader { puts "sees global g: $g" }
namespace eval writer { variable g 5; set g 6 }
puts "$g $writer::g"
namespace forget counter::next
puts [catch next msg]:$msg
set code [namespace eval counter {namespace code {hidden}}]
puts $code:[eval $code]
namespace eval up { variable shared 10 }
proc useup {} { namespace upvar up shared s; incr s }
puts [useup]$up::shared
proc counter::viaglobal {} { global g; return $g }
puts [counter::viaglobal]
namespace delete counter
puts [namespace exists counter][catch {counter::hidden} msg]:$msg
puts [catch {set nosuch::x 1} msg]:$msg
puts [catch {proc nosuch::p {} {}} msg]:$msg
puts [catch {namespace delete nosuch} msg]:$msg
namespace eval a::b::c { variable deep yes }
puts [namespace exists a::b]$a::b::c::deep
proc a::f {} { b::g }
proc a::b::g {} { return "relative [namespace current]" }
puts [a::f]
namespace eval self { variable v 1; proc die {} { namespace delete ::self; return gone } }
puts [self::die][namespace exists self]
puts [lsort [info vars a::b::c::*]]
puts [lsort [info commands a::*]]
