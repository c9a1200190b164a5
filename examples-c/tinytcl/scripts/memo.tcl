set memo {}
proc fib n {
    global memo
    if {[dict exists $memo $n]} { return [dict get $memo $n] }
    set r [expr {$n < 2 ? $n : [fib [expr {$n - 1}]] + [fib [expr {$n - 2}]]}]
    dict set memo $n $r
    return $r
}
puts [fib 80]
puts [dict size $memo]
proc edit {a b} {
    set row {}
    for {set j 0} {$j <= [string length $b]} {incr j} { lappend row $j }
    for {set i 1} {$i <= [string length $a]} {incr i} {
        set new [list $i]
        for {set j 1} {$j <= [string length $b]} {incr j} {
            set same [string equal [string index $a $i-1] [string index $b $j-1]]
            lappend new [expr {min([lindex $row $j] + 1, [lindex $new end] + 1, [lindex $row $j-1] + !$same)}]
        }
        set row $new
    }
    lindex $row end
}
puts [edit kitten sitting][edit "" abc][edit flaw lawn]
