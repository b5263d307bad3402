"""A site of its own for one shown line: a temporary root with config/daemonz.yml, the real programs,
and nothing left behind. Unix sockets only, so that any number of sites run side by side.

    with Site(processors=2) as site:
        site.start()
        rows = site.judge("tests/problems/bridge_cables")
"""
import json

from shown_daemons import REPO, Daemons

CONFIG = """\
logger: log/daemonz.log
broker: memcache+unix://tmp/daemonz/queue.sock
database: {database}
queue:
  listen: []
  unix: tmp/daemonz/queue.sock
  dir: tmp/daemonz/queue
{queue}
daemons:
  queue:
    command: [daemonz-queue, --config, config/daemonz.yml, --log-level, {log_level}]
    ready: {{notify: true}}
    start_order: 1
    restart: {{policy: always, delay: 20ms, max_delay: 200ms, limit: 100000, within: 60s}}
  processor:
    command: [daemonz-processor, --config, config/daemonz.yml, --queues, "pulls,pushes"]
    instances: {processors}
    ready: {{notify: true}}
    depends_on: {{queue: ready}}
    start_order: 2
    restart: {{policy: always, delay: 20ms, max_delay: 200ms, limit: 100000, within: 60s}}
    stop: {{signal: TERM, timeout: 30s}}
  scheduler:
    command: [daemonz-scheduler, --config, config/daemonz.yml]
    ready: {{notify: true}}
    depends_on: {{queue: ready}}
    start_order: 2
    restart: {{policy: always, delay: 20ms, max_delay: 200ms, limit: 100000, within: 60s}}
"""


class Site(Daemons):
    def __init__(self, processors=1, log_level="info", queue="",
                 database="sqlite:tmp/daemonz/daemonz.db"):
        super().__init__("")
        self.write_file(CONFIG.format(processors=processors, log_level=log_level, queue=queue,
                                      database=database))

    def judge(self, *packages, check=False, timeout=1200, options=()):
        """One object per submission, as `course judge --json` prints them."""
        done = self.run("course", "judge", *[REPO / p for p in packages], "--json", *options,
                        check=check, timeout=timeout, stderr=None)
        return [json.loads(line) for line in done.stdout.splitlines()]
