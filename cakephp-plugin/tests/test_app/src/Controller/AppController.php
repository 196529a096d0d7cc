<?php
declare(strict_types=1);

namespace App\Controller;

use Cake\Controller\Controller;

/**
 * Parent of all controllers.
 */
class AppController extends Controller
{
}
