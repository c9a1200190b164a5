for {set i 0} {$i < 5} {incr i} { if {$i == 1} continue; if {$i == 4} break; puts $i }
set i 10
while {$i > 0} { incr i -3; if {$i < 5} break }
puts $i
if 0 {puts a} elseif 1 {puts b} else {puts c}
if {0} then {puts a} else {puts c}
if 1 then {puts then}
puts [if 1 {set r yes}]
foreach x {a b c} { foreach y {1 2} { if {$y == 2} break; puts $x$y } }
switch b { a {puts A} b {puts B} default {puts D} }
switch zz { a {puts A} default {puts D} }
switch -glob foobar { foo* {puts glob} default {puts no} }
switch -exact -- -x { -x {puts dash} }
switch c { a - b - c {puts abc} d {puts d} }
switch -nocase HELLO { hello {puts nocase} }
puts [switch q { a {set z 1} }]|
switch x x {puts inline} y {puts no}
puts [catch {switch a {a -}} msg]:$msg
puts [catch {switch a {a}} msg]:$msg
set out {}
for {set i 0; set j 10} {$i < $j} {incr i; incr j -1} { lappend out $i$j }
puts $out
puts [while 0 {}]|[for {} 0 {} {}]|[foreach x {} {}]
set n 27; set steps 0
while {$n != 1} { set n [expr {$n % 2 ? 3 * $n + 1 : $n / 2}]; incr steps }
puts "27 takes $steps steps"
foreach {a b} {1 2 3 4} c {x y} { puts $a$b$c }
puts [subst {a $n [string length abc] \x41}]
puts [subst -nocommands {a $n [x]}]
puts [subst -novariables -nobackslashes {$n [expr 1+1] \n}]
proc gen {} { foreach i {1 2 3} { if {$i == 2} { return $i } } }
puts [gen]
set list {3 1 2}
foreach x $list { lappend list [expr {$x * 10}] }
puts $list
puts [eval {expr {1 + 1}}][eval [list expr 2 + 2]]
puts [info complete {a b}][info complete "a \{"][info complete {a "b}][info complete {a [b}][info complete "a \\"]
unset n
puts [info exists n][info exists list]
unset -nocomplain nothing
puts [catch {unset nothing} msg]:$msg
puts [expr {[string length [time {set q 1} 10]] > 5}]
