# A small interpreter in the interpreter: tokens, a tree, an environment.
proc tokens text { split [string trim [string map {( " ( " ) " ) "} $text]] }
proc clean list { lmap x $list { if {$x eq ""} continue; set x } }
proc parse var {
    upvar 1 $var in
    set in [lassign $in token]
    if {$token ne "("} { return $token }
    set out {}
    while {[lindex $in 0] ne ")"} { lappend out [parse in] }
    set in [lrange $in 1 end]
    return $out
}
proc evaluate {env e} {
    if {[string is double -strict $e]} { return $e }
    if {[dict exists $env $e]} { return [dict get $env $e] }
    set args [lassign $e op]
    switch -- $op {
        if { lassign $args c a b; return [evaluate $env [expr {[evaluate $env $c] ? $a : $b}]] }
        let { lassign $args name v body; dict set env $name [evaluate $env $v]; return [evaluate $env $body] }
        fn { return [list closure [lindex $args 0] [lindex $args 1] $env] }
    }
    set values [lmap a $args { evaluate $env $a }]
    if {$op in {+ - * / <}} { return [expr [join $values " $op "]] }
    lassign [evaluate $env $op] kind params body saved
    if {$kind ne "closure"} { error "not a function: $op" }
    foreach p $params v $values { dict set saved $p $v }
    return [evaluate $saved $body]
}
proc run text { set t [clean [tokens $text]]; evaluate {} [parse t] }
puts [run "(+ 1 (* 2 3))"]
puts [run "(let x 5 (+ x x))"]
puts [run "(if (< 1 2) 10 20)"]
puts [run "(let f (fn (a b) (+ a (* b 2))) (f 1 2))"]
puts [run "(let add (fn (a) (fn (b) (+ a b))) (let inc (add 1) (inc 41)))"]
puts [catch {run "(1 2)"} msg]:$msg
