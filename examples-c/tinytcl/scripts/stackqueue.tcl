proc push {stack args} { upvar 1 $stack s; lappend s {*}$args }
proc pop stack {
    upvar 1 $stack s
    if {[llength $s] == 0} { return -code error "stack is empty" }
    set top [lindex $s end]
    set s [lreplace $s end end]
    return $top
}
proc rpn expression {
    set s {}
    foreach token $expression {
        if {[string is double -strict $token]} { push s $token; continue }
        set b [pop s]; set a [pop s]
        push s [expr "$a $token $b"]
    }
    pop s
}
puts [rpn {3 4 + 2 *}]
puts [rpn {5 1 2 + 4 * + 3 -}]
puts [catch {rpn {1 +}} msg]:$msg
set q {}
lappend q {task 1} {task 2} {task 3}
while {[llength $q]} {
    set q [lassign $q job]
    puts "doing $job"
    if {$job eq "task 1"} { lappend q "task 1b" }
}
proc balanced text {
    set s {}
    foreach c [split $text {}] {
        switch -- $c {
            ( - \[ { push s $c }
            ) { if {[catch {pop s} o] || $o ne "("} { return 0 } }
            \] { if {[catch {pop s} o] || $o ne "\["} { return 0 } }
        }
    }
    expr {[llength $s] == 0}
}
puts [balanced {(a[b]c)}][balanced {(]}][balanced {((}]
proc bfs {graph start} {
    set seen [dict create $start 1]
    set queue [list $start]
    set order {}
    while {[llength $queue]} {
        set queue [lassign $queue node]
        lappend order $node
        foreach next [dict get $graph $node] {
            if {![dict exists $seen $next]} { dict set seen $next 1; lappend queue $next }
        }
    }
    return $order
}
puts [bfs {a {b c} b {d} c {d e} d {f} e {f} f {}} a]
