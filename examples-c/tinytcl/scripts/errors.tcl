puts [catch {error "simple"} msg]:$msg
puts [catch {error "with code" "" {MY CODE}} msg opts]:$msg:[dict get $opts -errorcode]
puts [dict get $opts -code][dict get $opts -level]
proc a {} { b 1 }
proc b x {
    set y $x
    c $y
}
proc c z { error "deep trouble" }
catch a
puts $::errorInfo
puts [catch {expr {1 / 0}} msg opts]:$msg:[dict get $opts -errorcode]
puts [catch {catch {error inner} m; error "outer after $m"} msg]:$msg
puts [catch {set nosuch} msg]:$msg
puts [catch {incr notanumber abc} msg]:$msg
set s abc
puts [catch {incr s} msg]:$msg
proc rethrow {} {
    if {[catch {error original} msg opts]} { return -options $opts $msg }
}
puts [catch rethrow msg]:$msg
puts [catch {throw {A B} thrown} msg opts]:$msg:[dict get $opts -errorcode]
puts [try { error x } on error {m o} { string cat caught- $m }]
puts [try { expr 1 } on ok r { string cat ok- $r }]
puts [try { throw {X Y Z} deep } trap {X Y} m { string cat trapped- $m } on error m { string cat no }]
try { puts body } finally { puts finally }
puts [catch { try { error first } finally { puts cleanup } } msg]:$msg
proc f {} { try { return early } finally { puts "finally runs" } }
puts [f]
puts [catch { try { error a } on error m { error "from handler" } } msg]:$msg
foreach i {1 2 3} { try { if {$i == 2} continue; puts $i } finally { puts "end $i" } }
proc lines {} {
    set a 1
    set b 2
    if {$a} {
        foreach x {1} {
            nosuchcommand
        }
    }
}
catch lines
puts $errorInfo
proc args2 {a b} {}
catch {args2 1}
puts $errorInfo
catch {eval {
    set ok 1
    error "in eval"
}}
puts $errorInfo
catch {uplevel #0 {error "in uplevel"}}
puts $errorInfo
catch {namespace eval ns { error "in ns" }}
puts $errorInfo
catch {apply {x {error "in lambda"}} 1}
puts $errorInfo
catch {error msg "given info"}
puts $errorInfo
puts [catch {puts "unclosed} msg]:$msg
puts [catch "puts \{unclosed" msg]:$msg
puts [catch {puts [set s} msg]:$msg
puts [catch {puts {a}b} msg]:$msg
puts [catch {puts "a"b} msg]:$msg
puts [catch {string foo x} msg]
puts [catch {if} msg][catch {while 1} msg][catch {foreach x} msg]
puts [catch {if 1 else} msg]:$msg
puts [catch {foreach {} {1} {}} msg]:$msg
set depth 0
proc nest n { if {$n == 0} { error bottom }; if {[catch {nest [expr {$n - 1}]} m]} { error "$m$n" } }
catch {nest 5} m
puts $m
