proc multiply {a b} {
    set out {}
    foreach row $a {
        set line {}
        for {set j 0} {$j < [llength [lindex $b 0]]} {incr j} {
            set sum 0
            for {set k 0} {$k < [llength $row]} {incr k} {
                incr sum [expr {[lindex $row $k] * [lindex $b $k $j]}]
            }
            lappend line $sum
        }
        lappend out $line
    }
    return $out
}
proc transpose m {
    set out {}
    for {set j 0} {$j < [llength [lindex $m 0]]} {incr j} {
        lappend out [lmap row $m { lindex $row $j }]
    }
    return $out
}
proc identity n {
    set m [lrepeat $n [lrepeat $n 0]]
    for {set i 0} {$i < $n} {incr i} { lset m $i $i 1 }
    return $m
}
set a {{1 2} {3 4} {5 6}}
puts [multiply $a [transpose $a]]
puts [identity 4]
puts [expr {[multiply {{7 8} {9 10}} [identity 2]] eq {{7 8} {9 10}}}]
set p [identity 2]
set f {{1 1} {1 0}}
for {set i 0} {$i < 30} {incr i} { set p [multiply $p $f] }
puts "fib(30) = [lindex $p 0 1]"
