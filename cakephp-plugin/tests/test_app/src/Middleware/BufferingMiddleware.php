<?php
declare(strict_types=1);

namespace App\Middleware;

use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;
use Psr\Http\Server\MiddlewareInterface;
use Psr\Http\Server\RequestHandlerInterface;

/**
 * What a debugging toolbar does to responses, on `?toolbar=1`: it opens an output buffer early and leaves it open,
 * adds a header, and adds its script to the body of whatever is HTML.
 */
class BufferingMiddleware implements MiddlewareInterface
{
    /**
     * @param \Psr\Http\Message\ServerRequestInterface $request The request.
     * @param \Psr\Http\Server\RequestHandlerInterface $handler The rest of the application.
     * @return \Psr\Http\Message\ResponseInterface
     */
    public function process(ServerRequestInterface $request, RequestHandlerInterface $handler): ResponseInterface
    {
        if (!isset($request->getQueryParams()['toolbar'])) {
            return $handler->handle($request);
        }
        ob_start();
        $response = $handler->handle($request)->withHeader('X-DEBUGKIT-ID', 'b6a0f3f5');
        if (!str_contains($response->getHeaderLine('Content-Type'), 'html')) {
            return $response;
        }
        $response->getBody()->write('<script src="/toolbar.js"></script>');

        return $response;
    }
}
