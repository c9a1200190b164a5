# Objects as dictionaries, with methods in a namespace.
namespace eval Account {
    proc new {owner {balance 0}} { dict create owner $owner balance $balance log {} }
    proc deposit {var amount} {
        upvar 1 $var self
        if {$amount <= 0} { error "bad amount: $amount" }
        dict incr self balance $amount
        dict lappend self log [list deposit $amount]
    }
    proc withdraw {var amount} {
        upvar 1 $var self
        if {$amount > [dict get $self balance]} { return -code error "not enough money" }
        dict incr self balance -$amount
        dict lappend self log [list withdraw $amount]
    }
    proc show self { dict with self { return "$owner has $balance after [llength $log] changes" } }
}
set a [Account::new Ann 100]
set b [Account::new Bob]
Account::deposit a 50
Account::withdraw a 30
puts [catch {Account::withdraw b 1} msg]:$msg
puts [catch {Account::deposit b -5} msg]:$msg
Account::deposit b 7
puts [Account::show $a]
puts [Account::show $b]
puts [dict get $a log]
# A command for each object: an ensemble made by hand.
proc object {name fields} {
    set ::state::$name $fields
    proc $name {method args} [string map [list %n $name] {
        upvar #0 ::state::%n self
        switch -- $method {
            get { return [dict get $self [lindex $args 0]] }
            set { dict set self {*}$args }
            fields { return [dict keys $self] }
            destroy { unset self; rename %n {} }
            default { error "unknown method $method" }
        }
    }]
    return $name
}
namespace eval state {}
object point {x 1 y 2}
point set x 10
puts [point get x],[point get y]:[point fields]
puts [catch {point fly} msg]:$msg
point destroy
puts [catch {point get x} msg]:$msg
puts [info exists state::point]
