# Sourced: $words becomes the kernel's command line.  Both consoles, unless APPEND names its own; the
# last one is /dev/console, as on Linux.
case " ${APPEND:-} " in
*" console="*) words=$APPEND ;;
*)             words="console=tty0 console=ttyS0${APPEND:+ $APPEND}" ;;
esac
