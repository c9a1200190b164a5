proc sieve max {
    set composite [lrepeat [expr {$max + 1}] 0]
    set primes {}
    for {set i 2} {$i <= $max} {incr i} {
        if {[lindex $composite $i]} continue
        lappend primes $i
        for {set j [expr {$i * $i}]} {$j <= $max} {incr j $i} { lset composite $j 1 }
    }
    return $primes
}
puts [sieve 100]
set many [sieve 3000]
puts "[llength $many] primes up to 3000, the last is [lindex $many end]"
proc isprime n {
    if {$n < 2} { return 0 }
    for {set i 2} {$i * $i <= $n} {incr i} { if {$n % $i == 0} { return 0 } }
    return 1
}
set wrong 0
foreach p $many { if {![isprime $p]} { incr wrong } }
puts "$wrong wrong"
