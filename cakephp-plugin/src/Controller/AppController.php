<?php
declare(strict_types=1);

namespace Sse\Controller;

use App\Controller\AppController as BaseController;

/**
 * Parent of controllers in this plugin: the application's own.
 */
class AppController extends BaseController
{
}
