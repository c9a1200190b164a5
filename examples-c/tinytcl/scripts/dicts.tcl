set d [dict create a 1 b 2 c 3]
puts $d
puts [dict get $d b]
dict set d d 4
dict set d b 22
puts $d
dict unset d a
puts $d
puts [dict exists $d a][dict exists $d b]
puts [dict keys $d]:[dict values $d]:[dict size $d]
puts [dict keys {apple 1 avocado 2 banana 3} a*]
dict set nested x y z 1
dict set nested x y w 2
dict set nested x q 3
puts $nested
puts [dict get $nested x y]
puts [dict exists $nested x y w][dict exists $nested x nope w]
dict unset nested x y z
puts $nested
dict incr d n; dict incr d n 5; puts [dict get $d n]
dict lappend d l 1 2; dict lappend d l 3; puts [dict get $d l]
dict append d s ab cd; puts [dict get $d s]
puts [dict merge {a 1 b 2} {b 3 c 4}]
puts [dict replace {a 1 b 2} b 9 z 0]
puts [dict remove {a 1 b 2 c 3} a c]
dict for {k v} {x 1 y 2 z 3} { if {$k eq "y"} continue; puts "$k=$v" }
puts [dict map {k v} {a 1 b 2} { expr {$v * 10} }]
set p {name Ann age 30}
dict update p name n age a { set n [string toupper $n]; incr a }
puts $p
dict with p { set age 99 }
puts $p
puts [catch {dict get {a 1} b} msg]:$msg
puts [catch {dict get {a 1 b} a} msg]:$msg
puts [dict create]|[dict size {}]
puts [dict get {a 1 a 2} a]
set copy $d; dict set copy only here 1
puts [dict exists $d only][dict exists $copy only]
foreach {k v} [dict create one 1 two 2] { puts "$k is $v" }
set before [dict create l {1 2 3}]
set after $before
dict lappend after l 4
puts "$before / $after"
