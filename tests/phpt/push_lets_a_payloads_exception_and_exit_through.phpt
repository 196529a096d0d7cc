--TEST--
Sse\push(): an exception of a JsonSerializable arrives as it is, exit ends the script, nothing is stored
--FILE--
<?php
require __DIR__ . '/sse.inc';
final class Bad implements JsonSerializable
{
    public function __construct(private Closure $action)
    {
    }

    public function jsonSerialize(): mixed
    {
        return ($this->action)();
    }
}
store();
$previous = new LogicException('inner');
attempt(fn () => Sse\push('k', new Bad(fn () => throw new DomainException('the application says no', 7, $previous))));
attempt(fn () => Sse\push('k', new Bad(fn () => "\xff")));
register_shutdown_function(function (): void {
    echo count(Sse\read('k')), " events\n";
});
Sse\push('k', new Bad(function (): never {
    exit("exit\n");
}));
echo "not reached\n";
--EXPECT--
DomainException: the application says no
Sse\InvalidArgumentException: Sse\push(): key "k": the data can't be encoded as JSON: Malformed UTF-8 characters, possibly incorrectly encoded; push arrays, scalars, UTF-8 strings or JsonSerializable objects
exit
0 events
