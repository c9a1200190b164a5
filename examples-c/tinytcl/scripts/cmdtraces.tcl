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
