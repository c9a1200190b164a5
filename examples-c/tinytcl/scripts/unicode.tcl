# Characters and bytes: UTF-8, NUL, escapes.
set s "h\u00e9llo w\u00f6rld \u20ac"
puts $s
puts [string length $s]
puts [string index $s 1][string index $s end]
puts [string range $s 0 4]
puts [string reverse $s]
puts [string first \u20ac $s]
puts [split "\u00e4\u00f6\u00fc" {}]
puts [string toupper "abc"]
puts "[string length "a\0b"] [string equal "a\0b" "a\0c"] [string equal "a\0b" "a\0b"]"
set d [dict create "k\0" 1 "k" 2]
puts "[dict size $d] [dict get $d "k\0"] [dict get $d k]"
set l [list "a\0b" c]
puts "[llength $l] [string length [lindex $l 0]]"
proc "p\0q" {} { return "a command with a NUL in its name" }
puts ["p\0q"]
set "v\0w" 5
puts [set "v\0w"]
puts [format %c%c 72 228]
puts \x48\x69\41\u0021
puts [string map {\u20ac EUR} $s]
puts [string trim "\u00e9x\u00e9" \u00e9]
