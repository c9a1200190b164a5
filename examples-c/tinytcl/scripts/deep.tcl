# Recursion as deep as is allowed, and one step too deep.
proc down n { if {$n == 0} { return bottom }; down [expr {$n - 1}] }
puts [down 400]
proc sum n { if {$n == 0} { return 0 }; return [expr {$n + [sum [expr {$n - 1}]]}] }
puts [sum 300]
proc forever {} { forever }
puts [catch forever msg]
puts $msg
puts [down 100]
proc mutual_a n { if {$n} { mutual_b [expr {$n - 1}] } else { return done } }
proc mutual_b n { mutual_a $n }
puts [mutual_a 150]
set nested x
for {set i 0} {$i < 200} {incr i} { set nested [list $nested] }
puts [string length $nested]
for {set i 0} {$i < 200} {incr i} { set nested [lindex $nested 0] }
puts $nested
set tree {}
proc build n { if {$n == 0} { return leaf }; return [list [build [expr {$n - 1}]] [build [expr {$n - 1}]]] }
proc count t { if {$t eq "leaf"} { return 1 }; expr {[count [lindex $t 0]] + [count [lindex $t 1]]} }
puts [count [build 8]]
# A value nested deeper than the stack could follow is kept, changed and taken apart.
set l {}
for {set i 0} {$i < 20000} {incr i} { set l [list $l] }
set keep $l
for {set i 0} {$i < 20000} {incr i} { set l [lindex $l 0] }
puts <$l>[llength $keep]
