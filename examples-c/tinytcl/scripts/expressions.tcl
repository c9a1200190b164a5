foreach e {
    {1 + 2 * 3} {(1 + 2) * 3} {7 / 2} {-7 / 2} {7 % 3} {-7 % 3} {7 % -3} {2 ** 10} {2 ** 3 ** 2}
    {7.0 / 2} {1e3} {1.5 + 1} {0x1f + 0b11} {1 < 2} {2 < 10} {"abc" < "abd"} {1 == 1.0} {"a" eq "a"} {"1" eq "1.0"}
    {1 ? 2 : 3} {0 ? 2 : 1 ? 4 : 5} {!0} {!5} {~5} {-3 + +4} {1 && 0 || 1} {5 & 3} {5 | 3} {5 ^ 3} {1 << 10} {-16 >> 2}
    {"b" in {a b c}} {"d" ni {a b c}} {abs(-5)} {max(1, 5, 3)} {min(4, 2.5)} {int(3.9)} {round(2.5)} {round(-2.5)}
    {double(3)} {sqrt(16)} {pow(2, 8)} {fmod(7, 3)} {floor(-1.5)} {ceil(1.2)} {isqrt(17)} {hypot(3, 4)}
    {atan2(0, 1)} {exp(0)} {log(1)} {cos(0)} {bool("yes")} {true && on} {"x" ne "y"} {3 > 2 > 1} {10 >= 9}
    {1 ? "yes" : "no"} {[string length abc] * 2} {0.1 + 0.2} {1.0 / 3} {1e100} {100000000000000000000.0} {1.0e-5}
    {9223372036854775807} {-9223372036854775807 - 1} {5 / 2.0} {"10" + "20"} { 3 } {"a b" eq {a b}}
} { puts "$e = [expr $e]" }
set x 5; set y 2.5; set s hello
puts [expr {$x * $y}] 
puts [expr {$s eq "hello" && $x > 3}]
puts [expr $x + 3]
set n 0
proc touch {} { incr ::n; return 1 }
expr {0 && [touch]}; expr {1 || [touch]}; expr {1 ? 7 : [touch]}
puts "touched $n times"
expr {1 && [touch]}
puts "touched $n times"
foreach e {{1 / 0} {1 % 0} {"abc" + 1} {"" * 2} {1.5 % 2} {nosuch(1)} {abc} {sqrt(-1)} {"maybe" && 1}} {
    puts "$e: [catch {expr $e} msg] [lindex [split $msg \n] 0]"
}
puts [catch {expr {1 +}}][catch {expr {(1}}][catch {expr {1 2}}][catch {expr {$nosuch}}]
namespace eval tcl::mathfunc { proc double_it x { expr {$x * 2} } }
puts [expr {double_it(21) + 1}]
puts [expr {rand() < 1.0}]
