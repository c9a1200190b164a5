set l {a b c d e}
puts [llength $l]:[lindex $l 0]:[lindex $l end]:[lindex $l end-1]:[lindex $l 9]
puts [lrange $l 1 3]:[lrange $l end-1 end]:[lrange $l 3 1]
puts [lreplace $l 1 2 X Y Z]:[lreplace $l 0 0]:[lreplace $l end end last]
puts [linsert $l 2 new]:[linsert $l end tail]:[linsert $l 0 head more]
puts [lreverse $l]
puts [lassign {1 2 3 4} p q]:$p:$q
puts [lassign {1} r s]:$r:$s
puts [lsearch $l c]:[lsearch $l zz]:[lsearch {apple banana} b*]:[lsearch -exact {a* b} a*]
puts [lsearch -all {1 2 1 3 1} 1]:[lsearch -inline {apple bat cat} b*]:[lsearch -all -inline {apple bat bar} b*]
puts [lsearch -not {a a b} a]:[lsearch -integer {10 20 030} 20]:[lsearch -start 2 {a b a b} a]
puts [lsearch -index 1 {{a x} {b y}} y]
puts [lindex {{1 2} {3 {4 5}}} 1 1 0]:[lindex {{1 2} {3 4}} {1 0}]
set m {{1 2 3} {4 5 6}}
lset m 1 2 SIX
lset m {0 0} ONE
puts $m
lset l 0 first
puts $l
lset l end+1 extra
puts $l
puts [lrepeat 3 x y]
puts [concat a {b c} {} "d  e"]
puts [list a "b c" {d {e f}}]
foreach {x y} {1 2 3 4 5} { puts "<$x,$y>" }
foreach a {1 2 3} b {x y} { puts "$a$b" }
puts [lmap x {1 2 3 4} { if {$x == 3} continue; expr {$x * $x} }]
set stack {}
lappend stack 1 2 3
puts "pop [lindex $stack end]"
set stack [lrange $stack 0 end-1]
puts $stack
set queue {a b c}
set queue [lassign $queue head]
puts "$head $queue"
set v {1 2}
set w $v
lappend w 3
puts "$v/$w"
set x [list 1 2]
lappend x $x
lappend x $x
puts $x
set shared [list 0 0]
set rows [list $shared $shared]
lset rows 0 1 9
puts $rows/$shared
puts [catch {lset nosuch 0 x} msg]:$msg
puts [catch {lset v 9 x} msg]:$msg
puts [catch {llength "a \{b"} msg]:$msg
puts [catch {lindex {a b} bad} msg]:$msg
puts [list {} { } "\t" "a\\" "\}" "#x" "a\"b"]
puts [lindex [list "a b" "c\{d" "e\\f"] 1][lindex [list x "c\} d"] 1]
