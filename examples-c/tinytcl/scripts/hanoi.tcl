set moves 0
proc hanoi {n from to via} {
    global moves
    if {$n == 0} return
    hanoi [expr {$n - 1}] $from $via $to
    incr moves
    if {$n > 2} { puts "disc $n: $from -> $to" }
    hanoi [expr {$n - 1}] $via $to $from
}
hanoi 5 A C B
puts "$moves moves"
