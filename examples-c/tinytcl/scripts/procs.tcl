# Parameters, defaults, args, return, and what info knows.
proc greet {name {greeting Hello} args} { return "$greeting, $name ([llength $args] more)" }
puts [greet Ann]
puts [greet Ann Hi]
puts [greet Ann Hi 1 2 3]
puts [catch {greet} msg]:$msg
proc none {} { return }
puts <[none]>
puts [catch {none 1} msg]:$msg
proc last {} { set x 1; set y 2 }
puts [last]
proc early x { if {$x} { return early }; return late }
puts [early 1][early 0]
puts [info args greet]:[info body none]
puts [info default greet greeting d]:$d:[info default greet name e]:<$e>
puts [info procs gree*]:[info commands gree*]
proc redefine {} { proc redefine {} { return new }; return old }
puts [redefine][redefine]
proc varargs args { return [llength $args]:$args }
puts [varargs]|[varargs a]|[varargs a {b c}]
proc opt {a {b {}} {c $a}} { list $a $b $c }
puts [opt 1]
puts [catch {proc bad {{a b c}} {}} msg]:$msg
puts [catch {proc bad {{}} {}} msg]:$msg
puts [catch {nosuchcommand 1 2} msg]:$msg
puts [catch {set} msg]:$msg
puts [catch {info args nosuch} msg]:$msg
proc code {} { return -code error "an error from code" }
puts [catch code msg]:$msg
proc brk {} { return -code break }
foreach i {1 2 3} { if {$i == 2} brk; puts $i }
proc ret {} { return -code return value }
proc outer {} { ret; return notreached }
puts [outer]
proc lvl {} { return -level 2 two }
proc outer2 {} { lvl; return notreached }
puts [outer2]
puts [catch {return 5} r]:$r
puts [catch {break}][catch {continue}][catch {error x}][catch {return -code 7 x}]
proc looped {} { break }
puts [catch looped msg]:$msg
