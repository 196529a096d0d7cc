<?php
declare(strict_types=1);

namespace Sse\Http;

use Cake\Http\ServerRequest;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;
use Psr\Http\Server\MiddlewareInterface;
use Psr\Http\Server\RequestHandlerInterface;

/**
 * A request that the extension's hub makes anew for an open stream is no sign of its user: the session's idle time goes
 * on (`Session.timeout` in the configuration).
 *
 * @internal
 */
final class RecallMiddleware implements MiddlewareInterface
{
    public function process(ServerRequestInterface $request, RequestHandlerInterface $handler): ResponseInterface
    {
        $seen = $this->lastSeen();
        $response = $handler->handle($request);
        if ($seen !== null && $request instanceof ServerRequest && $request->getSession()->started()) {
            $request->getSession()->write('Config.time', $seen);
        }

        return $response;
    }

    /**
     * When CakePHP saw the user last. It writes the time of this request over it as soon as the session begins.
     */
    private function lastSeen(): ?int
    {
        if (!isset($_COOKIE[session_name()]) || session_status() !== PHP_SESSION_NONE) {
            return null;
        }
        session_start(['read_and_close' => true]);
        $seen = $_SESSION['Config']['time'] ?? null;

        return is_int($seen) ? $seen : null;
    }
}
