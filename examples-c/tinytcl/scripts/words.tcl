# Quoting, grouping, substitution, expansion.
set a 1; set b two; set {odd name} three
puts $a$b
puts "$a,$b,${odd name}"
puts {$a {nested {braces}} "quotes"}
puts a\ b\tc
puts "tab\there, newline\\n, brace \{, dollar \$a, bracket \[x\]"
puts [list a [list b c] {} "d e" \{ \$ "x\ny"]
set list {1 2 3}
puts [concat $list {4 5}]
puts [list {*}$list {*}{4 5} 6]
set script {puts expanded}
{*}$script
puts "continued \
      line"
set x {continued \
      in braces}
puts $x
puts [set y [string toupper [string range "substitution" 0 2]]]
# a comment that goes on \
puts "never printed"
puts "x;y"; puts z ;# a comment after a command
set v abc
puts "$v.txt ${v}def $v-def [set v]ghi"
puts a[set v]b$v\c
puts "\x41\u00e9\101 \u20ac"
puts [llength "a {b c} d"]
puts "nested [string length "in [string repeat x 3]"]"
