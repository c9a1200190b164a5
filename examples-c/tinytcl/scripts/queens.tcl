proc safe {board row col} {
    set r 0
    foreach c $board {
        if {$c == $col || abs($c - $col) == $row - $r} { return 0 }
        incr r
    }
    return 1
}
proc place {n board} {
    set row [llength $board]
    if {$row == $n} { incr ::solutions; if {$::solutions == 1} { set ::first $board }; return }
    for {set col 0} {$col < $n} {incr col} {
        if {[safe $board $row $col]} { place $n [linsert $board end $col] }
    }
}
foreach n {4 5 6} {
    set solutions 0
    place $n {}
    puts "$n queens: $solutions solutions, the first is $first"
}
foreach col $first { puts [string repeat ". " $col]Q[string repeat " ." [expr {5 - $col}]] }
