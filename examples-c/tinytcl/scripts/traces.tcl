proc tracer {name index op} { puts "traced: $name $op" }
trace add variable x write tracer
set x 1
set x 2
incr x
append x 0
puts $x
trace add variable x read {apply {{name index op} { upvar 1 $name v; puts "reading $v" }}}
puts "x is $x"
puts [trace info variable x]
trace remove variable x write tracer
set x 5
proc upper {name index op} { upvar 1 $name v; set v [string toupper $v] }
trace add variable word write upper
set word hello
puts $word
proc limit {max name index op} { upvar 1 $name v; if {$v > $max} { return -code error "too big" } }
trace add variable n write {limit 10}
set n 5
puts [catch {set n 50} msg]:$msg
puts $n
proc gone {name index op} { puts "$name $op" }
set y 1
trace add variable y unset gone
unset y
puts [info exists y]
set y again
unset y
proc both {name index op} { puts "both $op" }
trace add variable z {read write unset} both
set z 1
set copy $z
unset z
trace add variable order write {apply {args {puts first}}}
trace add variable order write {apply {args {puts second}}}
set order 1
proc counting {name index op} { incr ::writes }
set writes 0
trace add variable counted write counting
for {set i 0} {$i < 10} {incr i} { set counted $i }
puts "$writes writes"
proc selfremove {name index op} { puts once; trace remove variable ::once write selfremove }
trace add variable once write selfremove
set once 1
set once 2
namespace eval ns { variable v 1 }
trace add variable ns::v write tracer
set ns::v 2
proc through {} { upvar #0 ns::v local; set local 3 }
through
puts [llength [trace info variable ns::v]]
proc locals {} { trace add variable mine write tracer; set mine 1; set mine 2 }
locals
locals
proc plain {} { set mine 3 }
plain
puts [catch {trace add variable x bogus cmd} msg]:$msg
proc nested {name index op} { incr ::depth; set ::other $::depth }
set depth 0
trace add variable trigger write nested
trace add variable other write tracer
set trigger 1
set trigger 2
lappend list a
trace add variable list write tracer
lappend list b c
puts $list
# A trace follows the variable through any number of links.
proc first {} { set mine 1; trace add variable mine write {apply {args {puts "wrote $args"}}}; second mine; third mine; set mine 4 }
proc second name { upvar 1 $name a; set a 2 }
proc third name { upvar 1 $name b; second b }
first
proc other {} { set mine untraced; second mine }
other
# Variables of one name are traced each for itself.
proc outer {} { trace add variable x write tracer; set x 1; inner; in_ns; set x 4 }
proc inner {} { set x untraced; upvar 1 x up; set up 2 }
proc in_ns {} { variable ::ns::x; set x untraced; set ::ns::x untraced }
outer
# A namespace's variable that is another namespace's.
namespace eval linked { upvar #0 ns::v w; set w 4 }
set linked::w 5
namespace delete linked
puts $ns::v
set ns::v 6
