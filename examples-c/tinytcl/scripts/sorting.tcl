# Sorting written out, and lsort with all its options.
proc bubble list {
    set n [llength $list]
    for {set i 0} {$i < $n} {incr i} {
        for {set j 1} {$j < $n - $i} {incr j} {
            set a [lindex $list $j-1]
            set b [lindex $list $j]
            if {$a > $b} { lset list $j-1 $b; lset list $j $a }
        }
    }
    return $list
}
proc quick list {
    if {[llength $list] < 2} { return $list }
    set pivot [lindex $list 0]
    set less {}; set more {}
    foreach x [lrange $list 1 end] {
        if {$x < $pivot} { lappend less $x } else { lappend more $x }
    }
    concat [quick $less] [list $pivot] [quick $more]
}
proc merge {a b} {
    set out {}
    while {[llength $a] && [llength $b]} {
        if {[lindex $a 0] <= [lindex $b 0]} {
            lappend out [lindex $a 0]; set a [lrange $a 1 end]
        } else {
            lappend out [lindex $b 0]; set b [lrange $b 1 end]
        }
    }
    concat $out $a $b
}
proc mergesort list {
    set n [llength $list]
    if {$n < 2} { return $list }
    set half [expr {$n / 2}]
    merge [mergesort [lrange $list 0 $half-1]] [mergesort [lrange $list $half end]]
}
proc insertion list {
    set out {}
    foreach x $list {
        set i 0
        while {$i < [llength $out] && [lindex $out $i] <= $x} { incr i }
        set out [linsert $out $i $x]
    }
    return $out
}
set numbers {}
set seed 42
for {set i 0} {$i < 40} {incr i} {
    set seed [expr {($seed * 1103515245 + 12345) % 2147483648}]
    lappend numbers [expr {$seed % 1000}]
}
set want [lsort -integer $numbers]
puts $want
foreach sort {bubble quick mergesort insertion} {
    puts "$sort: [expr {[$sort $numbers] eq $want ? "sorted" : "WRONG"}]"
}
puts [lsort {banana Apple cherry apple}]
puts [lsort -nocase {banana Apple cherry apple}]
puts [lsort -decreasing -integer {10 9 100 1}]
puts [lsort -real {1.5 1e1 -2 .5}]
puts [lsort -unique {b a c a b}]
puts [lsort -index 1 -integer {{a 3} {b 1} {c 2}}]
puts [lsort -index {1 0} {{x {c d}} {y {a b}} {z {b z}}}]
puts [lsort -command {apply {{a b} {expr {[string length $a] - [string length $b]}}}} {ccc a bb dddd aa}]
proc back {a b} { string compare $b $a }
puts [lsort -command back {one two three four}]
puts [catch {lsort -integer {1 x 3}} msg]:$msg
puts [catch {lsort -command bad {1 2}} msg]:$msg
set stable [lsort -index 0 {{b 1} {a 1} {b 2} {a 2} {b 3}}]
puts $stable
