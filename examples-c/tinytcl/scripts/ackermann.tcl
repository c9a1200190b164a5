proc ack {m n} {
    if {$m == 0} { return [expr {$n + 1}] }
    if {$n == 0} { return [ack [expr {$m - 1}] 1] }
    ack [expr {$m - 1}] [ack $m [expr {$n - 1}]]
}
foreach m {0 1 2} {
    set row {}
    for {set n 0} {$n < 6} {incr n} { lappend row [ack $m $n] }
    puts "ack($m, 0..5) = $row"
}
puts "ack(3, 3) = [ack 3 3]"
