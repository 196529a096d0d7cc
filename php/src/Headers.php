<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * The response's status and headers, as they are now.
 */
final class Headers
{
    /** The media type of a stream (WHATWG HTML, "Server-sent events"). */
    private const MEDIA_TYPE = 'text/event-stream';

    /**
     * What a stream's response carries. PHP would complete the type by `default_charset`, and browsers give up for good
     * where that isn't UTF-8.
     */
    private const OURS = [
        'Content-type' => 'text/event-stream;charset=UTF-8',
        'Cache-Control' => 'no-cache',
        'X-Accel-Buffering' => 'no',
    ];

    /**
     * What can't be said of a stream: a client or a server on the way would look for bytes that don't come, or make
     * others of those that do. These are taken away.
     */
    private const UNTRUE = [
        'Content-Length', 'Content-Encoding', 'Transfer-Encoding', 'Content-Range', 'X-Accel-Charset',
    ];

    /** What has the web server answer with something else. */
    private const INSTEAD = ['X-Accel-Redirect', 'X-Sendfile', 'X-LIGHTTPD-send-file'];

    /**
     * Values by the lower-case names.
     *
     * @var array<string, list<string>>
     */
    private array $values = [];

    public function __construct()
    {
        foreach (headers_list() as $header) {
            [$name, $value] = explode(':', $header, 2) + [1 => ''];
            $this->values[strtolower(trim($name))][] = trim($value);
        }
    }

    /**
     * Says what of them a stream can't have.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function check(): void
    {
        $status = $this->status();
        if ($status !== '200') {
            throw Failure::stream(
                "the response's status is $status, and EventSource gives up for good on any but 200; "
                . 'answer without a stream, or leave the status at 200',
            );
        }
        if (headers_sent($file, $line)) {
            $why = $this->contradiction();
            if ($why !== null) {
                throw Failure::stream(sprintf(
                    '%s, so the headers were sent before the stream began, %s; send no output before Sse\stream()',
                    $file === ''
                        ? 'the response has begun, without output (flush() does that)'
                        : "output began in $file on line $line",
                    $why,
                ));
            }

            return;
        }
        foreach ($this->of('Content-Type') as $value) {
            if (!self::isEventStream($value)) {
                throw Failure::stream(sprintf(
                    'the response\'s Content-Type is "%s", and EventSource takes only %2$s; '
                    . 'remove that header or set it to %2$s',
                    $value,
                    self::MEDIA_TYPE,
                ));
            }
        }
        foreach (self::INSTEAD as $name) {
            foreach ($this->of($name) as $value) {
                throw Failure::stream(
                    "the response has the header $name: $value, so the web server would answer with that and not with "
                    . 'the stream; remove that header',
                );
            }
        }
    }

    /**
     * Adds what is missing, and sets right what isn't true of a stream.
     */
    public function setRight(): void
    {
        if (headers_sent()) {
            return;
        }
        foreach (self::OURS as $name => $value) {
            $theirs = $this->of($name);
            $fitting = array_filter($theirs, static fn(string $value): bool => self::canStay($name, $value));
            if ($theirs === [] || count($fitting) < count($theirs)) {
                header("$name: $value");
            }
        }
        foreach (self::UNTRUE as $name) {
            header_remove($name);
        }
    }

    private function status(): string
    {
        // FastCGI has the status as a header, which may be set by hand.
        foreach ($this->of('Status') as $status) {
            if (!str_starts_with($status, '200')) {
                return explode(' ', $status)[0];
            }
        }

        return (string)(http_response_code() ?: 200);
    }

    /**
     * What makes headers that were sent those of something else.
     */
    private function contradiction(): ?string
    {
        $types = $this->of('Content-Type');
        if ($types === [] || count(array_filter($types, self::isEventStream(...))) < count($types)) {
            return 'without Content-Type: ' . self::MEDIA_TYPE;
        }
        foreach ($types as $value) {
            if (!self::isUtf8($value)) {
                return "with Content-Type: $value, and EventSource takes only UTF-8";
            }
        }
        foreach ([...self::UNTRUE, ...self::INSTEAD] as $name) {
            foreach ($this->of($name) as $value) {
                return "with $name: $value, which no stream can have";
            }
        }

        return null;
    }

    /**
     * @return list<string>
     */
    private function of(string $name): array
    {
        return $this->values[strtolower($name)] ?? [];
    }

    /**
     * Whether a stream can have this header of the application's.
     */
    private static function canStay(string $name, string $value): bool
    {
        return match ($name) {
            'Content-type' => self::isUtf8($value) && str_contains($value, ';'),
            // Nobody may answer with an earlier stream.
            'Cache-Control' => preg_match('/(?:^|[,;])\s*no-(?:cache|store)\s*(?=$|[,;])/i', $value) === 1
                || preg_match('/(?:^|[,;])\s*(?:public|immutable|max-age|s-maxage)/i', $value) !== 1,
            default => strtolower($value) === 'no',
        };
    }

    private static function isEventStream(string $value): bool
    {
        return strtolower(trim(explode(';', $value)[0])) === self::MEDIA_TYPE;
    }

    /**
     * Whether a media type names no other charset.
     */
    private static function isUtf8(string $value): bool
    {
        foreach (array_slice(explode(';', $value), 1) as $parameter) {
            [$name, $charset] = explode('=', $parameter, 2) + [1 => null];
            if (
                $charset !== null
                && strtolower(trim((string)$name)) === 'charset'
                && strtolower(trim(trim($charset), '"')) !== 'utf-8'
            ) {
                return false;
            }
        }

        return true;
    }
}
