<?php
/**
 * A stream in its worker that pushes to its own key, once, whether TCP_NODELAY is set on this worker's connections
 * by TCP: false, true, or "no FFI".
 */
declare(strict_types=1);

Sse\stream($_GET['key'], ['handoff' => 'never', 'replay' => 'none', 'onLoop' => function (): void {
    static $told = false;
    if (!$told) {
        $told = true;
        Sse\push($_GET['key'], extension_loaded('ffi') ? areWithoutDelay() : 'no FFI');
    }
}]);

/**
 * Whether all connections by TCP are; null if there is none.
 */
function areWithoutDelay(): ?bool
{
    $libc = FFI::cdef('int getsockopt(int, int, int, void *, void *); int getpeername(int, void *, void *);');
    $found = null;
    foreach (scandir('/proc/self/fd') as $descriptor) {
        [$value, $length, $address] = [$libc->new('int'), $libc->new('int'), $libc->new('char[128]')];
        $length->cdata = 128;
        $isConnected = is_numeric($descriptor) && $libc->getpeername((int)$descriptor, FFI::addr($address), FFI::addr($length)) === 0;
        $length->cdata = 4;
        if ($isConnected && $libc->getsockopt((int)$descriptor, 6, 1, FFI::addr($value), FFI::addr($length)) === 0) {
            $found = ($found ?? true) && $value->cdata !== 0;
        }
    }

    return $found;
}
