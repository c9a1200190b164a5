set text {the rain in Spain falls mainly in the plain
but the rain elsewhere falls where it may, in the plain and in the hills}
set count [dict create]
foreach word [split [string map {, "" . ""} $text]] {
    if {$word eq ""} continue
    dict incr count [string tolower $word]
}
set pairs {}
dict for {word n} $count { lappend pairs [list $word $n] }
foreach pair [lsort -index 1 -integer -decreasing [lsort -index 0 $pairs]] {
    lassign $pair word n
    puts [format "%-10s %d %s" $word $n [string repeat * $n]]
}
puts "[dict size $count] different words"
