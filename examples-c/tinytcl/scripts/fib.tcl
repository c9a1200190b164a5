# Recursion: Fibonacci, factorial, greatest common divisor.
proc fib n {
    if {$n < 2} { return $n }
    return [expr {[fib [expr {$n - 1}]] + [fib [expr {$n - 2}]]}]
}
for {set i 0} {$i <= 18} {incr i} { puts "fib($i) = [fib $i]" }
proc fact n { expr {$n <= 1 ? 1 : $n * [fact [expr {$n - 1}]]} }
puts [fact 20]
proc gcd {a b} { while {$b != 0} { lassign [list $b [expr {$a % $b}]] a b }; return $a }
puts "[gcd 1071 462] [gcd 17 5] [gcd 0 9]"
