<?php
declare(strict_types=1);

namespace Sse\View\Helper;

use Cake\Log\Log;
use Cake\View\Helper;
use Sse\Service\SseService;
use Sse\StoreException;

/**
 * Connects a page to its stream, from here on: nothing that was pushed before comes again, and nothing is lost between
 * the page and its stream.
 *
 * ```
 * <?= $this->Sse->connect('/stream/reports', 'USER_QUEUE_1') ?>
 * ```
 *
 * or, with an EventSource of your own:
 *
 * ```
 * new EventSource(<?= json_encode($this->Sse->url('/stream/reports', 'USER_QUEUE_1')) ?>)
 * ```
 *
 * @property \Cake\View\Helper\HtmlHelper $Html
 * @property \Cake\View\Helper\UrlHelper $Url
 */
class SseHelper extends Helper
{
    /**
     * @var array<int|string, mixed>
     */
    protected array $helpers = ['Html', 'Url'];

    /**
     * The options of `connect()` that sse.js takes.
     */
    private const ATTRIBUTES = ['cursor', 'resume', 'user', 'silence', 'credentials'];

    /**
     * The address of a stream that begins now.
     *
     * Where the store fails, which is logged, the cursor is left out: the page is shown, and its stream begins with the
     * newest event.
     *
     * @param array<int|string, mixed>|string $url The stream's, as for UrlHelper.
     * @param list<string>|string $keys The keys that the stream has.
     * @return string not escaped: `json_encode()` or `h()` it
     * @throws \InvalidArgumentException for a key that can't be used, or a wrong configuration
     */
    public function url(array|string $url, array|string $keys): string
    {
        $address = $this->Url->build($url, ['escape' => false]);
        $cursor = $this->cursor($keys);
        if ($cursor === null) {
            return $address;
        }

        return $address . (str_contains($address, '?') ? '&' : '?') . "lastEventId=$cursor";
    }

    /**
     * A script tag that loads sse.js and connects it; with the nonce of the Content Security Policy, where CakePHP's
     * middleware made one. Each event comes as one of the document's, `sse:NAME`.
     *
     * @param array<int|string, mixed>|string $url The stream's, as for UrlHelper.
     * @param list<string>|string|null $keys The keys that the stream has; null for a page without a cursor, which gets
     *   the newest event of each key first.
     * @param array<string, mixed> $options
     *   - `resume`: go on where the tab's last page stopped; for what is told and not shown by pages, such as toasts
     *   - `user`: who is logged in, where `beforeSend` sends each user something else
     *   - `silence`, `credentials`, `cursor`: as sse.js has them
     *   - any other is one of HtmlHelper::script(), as `block`, or an attribute of the tag
     * @return string|null null with `block`
     * @throws \InvalidArgumentException for a key that can't be used, or a wrong configuration
     * @see https://html.spec.whatwg.org/multipage/scripting.html#attr-script-defer why the tag has `defer`
     */
    public function connect(array|string $url, array|string|null $keys = null, array $options = []): ?string
    {
        $options += ['cursor' => $keys === null ? null : $this->cursor($keys)];
        $attributes = ['data-connect' => $this->Url->build($url, ['escape' => false])];
        foreach (self::ATTRIBUTES as $name) {
            $value = $options[$name] ?? null;
            if ($value !== null && $value !== false) {
                $attributes["data-$name"] = (string)$value;
            }
            unset($options[$name]);
        }

        // Several streams take several tags.
        return $this->Html->script('Sse.sse', $options + $attributes + ['defer' => true, 'once' => false]);
    }

    /**
     * @param list<string>|string $keys
     */
    private function cursor(array|string $keys): ?string
    {
        try {
            return SseService::cursor($keys);
        } catch (StoreException $exception) {
            Log::error("SSE: a page has no cursor, and its stream begins with what is old: {$exception->getMessage()}");

            return null;
        }
    }
}
