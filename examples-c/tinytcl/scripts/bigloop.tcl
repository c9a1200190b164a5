# Long loops in one eval: what a round makes goes with it.
set sum 0
for {set i 0} {$i < 100000} {incr i} { incr sum $i }
puts $sum
set i 0
while {$i < 50000} { set s "round $i of many"; incr i }
puts $s
set list {}
for {set i 0} {$i < 20000} {incr i} { lappend list $i }
puts [llength $list]:[lindex $list end]
set total 0
foreach x $list { set total [expr {$total + $x}] }
puts $total
set d {}
for {set i 0} {$i < 5000} {incr i} { dict set d key$i $i }
puts [dict size $d]:[dict get $d key4999]
set text ""
for {set i 0} {$i < 5000} {incr i} { append text x }
puts [string length $text]
proc work {} { set acc 0; for {set i 0} {$i < 20000} {incr i} { set acc [expr {($acc * 31 + $i) % 65521}] }; return $acc }
puts [work]
