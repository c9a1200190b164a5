# upvar and uplevel: swapping, control structures, levels.
proc swap {a b} { upvar 1 $a x $b y; lassign [list $y $x] x y }
set p 1; set q 2
swap p q
puts "$p $q"
proc increment {name {by 1}} { upvar $name v; incr v $by }
increment p 10
puts $p
proc make {} { upvar 1 fresh f; set f made }
make
puts $fresh
proc unsetter {} { upvar p v; unset v; set v again }
unsetter
puts $p
proc outer {} { set local 1; inner local; return $local }
proc inner name { upvar 1 $name there; incr there 41; deeper there }
proc deeper name { upvar 1 $name x; upvar 2 local y; incr x 100; incr y 1000 }
puts [outer]
proc globals {} { upvar #0 q g; set g from-globals }
globals
puts $q
proc do {body while condition} {
    while 1 {
        set code [catch { uplevel 1 $body } result]
        if {$code == 3} break
        if {$code == 1} { return -code error $result }
        if {![uplevel 1 [list expr $condition]]} break
    }
}
set i 0
do { puts "i is $i"; incr i } while {$i < 3}
do { incr i; if {$i > 5} break } while 1
puts $i
proc repeat {n body} { for {set k 0} {$k < $n} {incr k} { uplevel $body } }
set total 0
repeat 4 { incr total 5 }
puts $total
proc level {} { info level }
proc levels {} { list [level] [info level] [uplevel 1 {info level}] [uplevel #0 {info level}] }
puts [levels]
proc who {} { info level 0 }
puts [who]
proc caller {a b} { callee }
proc callee {} { info level -1 }
puts [caller x y]
proc a {} { set v A; b }
proc b {} { set v B; uplevel 1 c }
proc c {} { upvar 1 v x; return $x }
puts [a]
puts [catch {uplevel 5 {set x 1}} msg]:$msg
puts [catch {upvar 9 a b} msg]:$msg
proc exists {} { upvar 1 nosuch n; info exists n }
puts [exists]
proc dup {} { set x 1; upvar 1 y x }
puts [catch dup msg]:$msg
eval {set e 1}; eval set e2 {two}
puts $e$e2
