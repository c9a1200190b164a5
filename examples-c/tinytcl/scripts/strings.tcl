set s "The quick brown fox jumps over the lazy dog"
puts [string length $s]
puts [string index $s 4][string index $s end][string index $s end-2][string index $s 99]
puts [string range $s 4 8]|[string range $s end-2 end]|[string range $s 5 2]
puts [string equal abc abc][string equal abc abd][string equal -nocase ABC abc]
puts [string compare a b][string compare b a][string compare a a]
puts [string compare -length 3 abcd abce]
puts [string match {*fox*} $s][string match {f?x} fox][string match {[a-c]x} bx][string match {[a-c]x} dx]
puts [string match -nocase {THE*} $s][string match {a\*b} a*b][string match {} {}]
puts [string first o $s]:[string last o $s]:[string first o $s 13]:[string first zzz $s]:[string last o $s 13]
puts [string map {quick slow brown red} $s]
puts [string map -nocase {THE a} $s]
puts [string repeat ab 5]
puts [string replace $s 4 8 slow]|[string replace abc 1 1]
puts [string reverse "hello"]
puts [string tolower ABC][string toupper abc][string totitle "hELLO wORLD"]
puts [string toupper abcdef 1 3]
puts "<[string trim "  x y  "]> <[string trimleft "  x"]> <[string trimright "x  "]> <[string trim xxhixx x]>"
puts [string is integer 42][string is integer x][string is double 1.5][string is alpha abc][string is alpha ab1]
puts [string is space " \t"][string is digit 123][string is upper ABC][string is lower aBc][string is alnum a1]
puts [string is integer ""][string is integer -strict ""][string is boolean yes][string is true on][string is xdigit fF0]
puts [string is list {a b}][string is list "a \{b"]
puts [join [split "a,b,,c" ,] |]
puts [split "abc" {}]
puts [split "a b  c"]
puts [split "" ,]:[llength [split , ,]]
puts [join {1 2 3} ", "]
puts [string cat a b c]
proc palindrome s {
    set s [string map {" " "" , "" ' ""} [string tolower $s]]
    string equal $s [string reverse $s]
}
puts [palindrome "A man, a plan, a canal, Panama"][palindrome hello]
proc caesar {s n} {
    set out ""
    foreach c [split $s ""] {
        set i [string first $c abcdefghijklmnopqrstuvwxyz]
        if {$i < 0} { append out $c } else {
            append out [string index abcdefghijklmnopqrstuvwxyz [expr {($i + $n) % 26}]]
        }
    }
    return $out
}
puts [caesar "hello, world" 3]=>[caesar [caesar "hello, world" 3] 23]
