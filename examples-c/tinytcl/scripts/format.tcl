puts [format "%d %5d|%-5d|%05d|%+d" 42 42 42 42 42]
puts [format "%x %X %#x %o %b" 255 255 255 8 5]
puts [format "%s|%10s|%-10s|%.2s" abc abc abc abc]
puts [format "%f %.2f %8.3f %e %g %G" 3.14159 3.14159 3.14159 314.159 0.0001 1e20]
puts [format "%c%c%c" 84 99 108]
puts [format "%%"]
puts [format "%*d|%-*d|%.*f" 6 42 6 42 2 2.71828]
puts [format {%2$s %1$s} world hello]
puts [format "%5.1f%%" 99.55]
puts [format "%-8s%8s" left right]
puts [format "%3\$s-%1\$s" a b c]
puts [format "%ld %lld" 1 2]
puts [catch {format %d abc} msg]:$msg
puts [catch {format %d} msg]:$msg
puts [catch {format %q 1} msg]:$msg
puts [format "%s" [list a b {c d}]]
puts [format "%08.3f" -3.14159]
puts [format "% d" 5]
puts [format "%.3d" 5]
