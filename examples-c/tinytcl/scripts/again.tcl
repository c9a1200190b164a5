# Runs another script so that a second time finds what the first time found.
set before_vars [info globals]
set before_procs [info procs]
set before_spaces [namespace children ::]
source [lindex $argv 0]
foreach name [info globals] {
    if {$name ni $before_vars && $name ni {before_vars before_procs before_spaces name}} { unset ::$name }
}
foreach name [info procs] { if {$name ni $before_procs} { rename $name {} } }
foreach name [namespace children ::] { if {$name ni $before_spaces} { namespace delete $name } }
unset name before_vars before_procs before_spaces
