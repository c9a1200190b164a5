# The command line's words, and the simplest output.
puts "Hello, World"
puts -nonewline "no newline"
puts ""
set name Tcl
puts "Hello, ${name}: [string length $name] letters"
puts {no $substitution [here]}
puts "$argc arguments: $argv"
