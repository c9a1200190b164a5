# Lambdas: apply, closures by values put into the lambda, currying, folds.
puts [apply {x {expr {$x * $x}}} 7]
puts [apply {{a {b 10} args} {list $a $b $args}} 1]
puts [apply {{a {b 10} args} {list $a $b $args}} 1 2 3 4]
proc adder n { list x [string map [list %n $n] {expr {$x + %n}}] }
set add5 [adder 5]
puts [apply $add5 10]
proc map {f list} { set out {}; foreach x $list { lappend out [apply $f $x] }; return $out }
proc fold {f acc list} { foreach x $list { set acc [apply $f $acc $x] }; return $acc }
proc filter {f list} { set out {}; foreach x $list { if {[apply $f $x]} { lappend out $x } }; return $out }
puts [map {x {expr {$x * 2}}} {1 2 3}]
puts [fold {{a x} {expr {$a + $x}}} 0 {1 2 3 4 5}]
puts [filter {x {expr {$x % 2}}} {1 2 3 4 5}]
proc compose {f g} { list x "apply [list $f] \[apply [list $g] \$x\]" }
puts [apply [compose {x {expr {$x + 1}}} {x {expr {$x * 10}}}] 4]
proc curry {cmd args} { list args "uplevel 1 \[list {*}[list [list $cmd {*}$args]] {*}\$args\]" }
proc add3 {a b c} { expr {$a + $b + $c} }
puts [apply [curry add3 1 2] 3]
namespace eval counter { variable n 100 }
puts [apply {{} {variable n; incr n} ::counter}]
puts $::counter::n
puts [catch {apply {x {set x}}} msg]:$msg
puts [catch {apply {x {set x}} 1 2} msg]:$msg
puts [catch {apply notalambda} msg]:$msg
set fact {{self n} {expr {$n < 2 ? 1 : $n * [apply $self $self [expr {$n - 1}]]}}}
puts [apply $fact $fact 10]
