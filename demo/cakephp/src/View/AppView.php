<?php
declare(strict_types=1);

namespace App\View;

use Cake\View\View;

/**
 * @property \Sse\View\Helper\SseHelper $Sse
 */
class AppView extends View
{
    /**
     * @return void
     */
    public function initialize(): void
    {
        $this->addHelper('Sse.Sse');
    }
}
