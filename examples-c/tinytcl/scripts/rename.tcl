proc original {} { return original }
rename original renamed
puts [renamed][catch {original} msg]:$msg
rename set my_set
my_set x 5
rename my_set set
puts $x
rename puts real_puts
proc puts args { real_puts "logged: [lindex $args end]" }
puts hello
rename puts {}
rename real_puts puts
puts back
proc unknown {name args} { return "unknown $name with [llength $args] arguments" }
puts [mystery 1 2 3]
puts [another]
rename unknown {}
puts [catch {mystery} msg]:$msg
puts [catch {rename nosuch x} msg]:$msg
puts [catch {rename nosuch {}} msg]:$msg
proc p1 {} {}; proc p2 {} {}
puts [catch {rename p1 p2} msg]:$msg
proc suicide {} { rename suicide {}; return "still running" }
puts [suicide][catch suicide]
namespace eval target {}
proc mover {} { namespace current }
rename mover target::moved
puts [target::moved]
