# Traces on commands: entered, left, renamed, deleted.
proc work x { return [expr {$x * 2}] }
proc spy args { puts "spy: $args" }
trace add execution work enter spy
trace add execution work leave spy
puts [work 21]
trace remove execution work enter spy
puts [work 4]
puts [trace info execution work]
trace remove execution work leave spy
puts [work 1]
proc watched {} {}
trace add command watched {rename delete} spy
rename watched renamed
trace add command work delete spy
rename work {}
puts [catch {work 1} msg]:$msg
# Traces go with the command, and move with its name.
proc moved {} { return moved }
trace add execution moved enter spy
rename moved elsewhere
puts [elsewhere]
proc elsewhere {} { return anew }
puts [elsewhere]
namespace eval box { variable v 1; proc p {} {} }
trace add variable box::v unset spy
trace add command box::p delete spy
namespace delete box
