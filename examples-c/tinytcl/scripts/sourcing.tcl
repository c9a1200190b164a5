set here [file dirname [info script]]
puts [source $here/sourced.inc]
puts $from_source
puts [sourced_proc 4]
puts [catch {source $here/no-such-file.inc} msg]
proc local_source dir { set inside 1; source $dir/sourced.inc; return [info exists from_source] }
puts [local_source $here]
puts [catch {source $here/broken.inc} msg]:$msg
puts [lindex [split $errorInfo \n] 0]
puts [file tail [info script]]
