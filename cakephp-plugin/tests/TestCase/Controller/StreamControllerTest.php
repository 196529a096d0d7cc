<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Controller;

use ArrayObject;
use Cake\TestSuite\IntegrationTestTrait;
use Cake\TestSuite\TestCase;
use Sse\Service\SseService;
use Sse\TestSuite\SseTestTrait;

class StreamControllerTest extends TestCase
{
    use IntegrationTestTrait;
    use SseTestTrait;

    public function testAReportIsHydrated(): void
    {
        $this->session(['Auth' => new ArrayObject(['id' => 1])]);
        SseService::push('USER_QUEUE_1', ['report_id' => 505]);

        $this->get('/stream/reports');

        $this->assertResponseOk();
        $this->assertSame('report_ready', $this->getSseEvents()[0]['event']);
    }

    public function testBuildingAReportTellsItsUser(): void
    {
        $this->post('/reports/build/505');

        $this->assertSsePushed('USER_QUEUE_1', ['report_id' => 505]);
    }
}
