// The installed tree on a fresh Debian with systemd, as docs/ADMIN.md tells it, without a file of the source tree: units, sockets, the
// first digit, reload and crash, mail, backup and restore, TLS, a path behind a proxy, fail2ban. And the same for the Debian package.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../e2e/lib.mjs';
import { Host, block, builtPackage, destination, onRelease } from './host.mjs';

const ORIGIN = 'http://localhost:8080';
const ready = `curl -fsS -o /dev/null ${ORIGIN}/readyz`;

// docs/ADMIN.md, "The first digit": its account and token; leaves the token in /root/token for what comes after.
function firstDigit(host, prefix) {
  host.run(`cp ${prefix}/share/digitd/html/samples/7.png .`);
  const out = host.run(`${block('first')}\necho "$token" >token`);
  const { results } = JSON.parse(out.slice(out.indexOf('{"')));
  assert.equal(results[0].digit, 7, out);
}
const stillReads = (host, origin = ORIGIN, more = '') => {
  const out = host.run(`curl -sS ${more} -H "Authorization: Bearer $(cat token)" -F image=@7.png ${origin}/classify`);
  assert.match(out, /"status":"digit","unsure_because":null,"digit":7/);
};

// R95: what the machine got carries the security fixes that matter.
function isPatched(host) {
  host.copy(path.join(root, 'conf/check-minimum'), '/root/check-minimum');
  host.copy(path.join(root, 'conf/minimum'), '/root/minimum');
  assert.equal(host.run('dpkg-query -W nginx libgd3 libwebp7 libsqlite3-0 >/dev/null; dpkg-query -W "libfcgi0*" >/dev/null; ./check-minimum minimum'), '');
}

// R84: the unit as systemd sees it, and as it runs.
function unitIsTight(host) {
  host.run('systemd-analyze verify --man=no digitd.service digitd-mail.service digitd-backup.service digitd-backup.timer digitd-learn.service digitd-learn.timer 2>&1 | tee verify; ! grep . verify');
  for (const how of ['--offline=true $(systemctl show -P FragmentPath digitd.service)', 'digitd.service']) {
    const out = host.run(`systemd-analyze security --no-pager --threshold=5 ${how}`); // 5 is 0.5
    assert.match(out, /Overall exposure level for digitd.service: 0\.[0-5]/, out);
  }
  const facts = host.run('pid=$(systemctl show -P MainPID digitd); cat /proc/$pid/status; ls -l /proc/$pid/ns/net /proc/1/ns/net; ls -ld /run/digitd /run/digitd/*.sock /var/lib/digitd');
  assert.match(facts, /CapEff:\t0+\n/);
  assert.match(facts, /NoNewPrivs:\t1/);
  assert.match(facts, /Seccomp:\t2/);
  assert.equal(new Set(facts.match(/net:\[\d+\]/g)).size, 2, 'a network of its own, with nothing in it');
  assert.match(facts, /drwxr-x--- +\d+ digitd +digitd .* \/run\/digitd\n/);
  assert.equal(facts.match(/srw-rw---- +1 digitd +digitd /g).length, 3, facts);
  assert.match(facts, /drwx------ +\d+ digitd +digitd .* \/var\/lib\/digitd\n/);
  assert.doesNotMatch(host.run('journalctl -u digitd --no-pager'), /level=(warn|error)/);
}

async function survives(host) {
  host.run('systemctl reload digitd');
  await host.until('journalctl -u digitd --no-pager | grep event=reload', 'a reload');
  stillReads(host);
  host.run('kill -KILL $(systemctl show -P MainPID digitd)');
  await host.until(`sleep 1; systemctl is-active digitd && ${ready}`, 'systemd starts it anew');
  stillReads(host);
  host.run('systemctl stop digitd; ! ls /run/digitd 2>/dev/null');
  assert.match(host.run('systemctl show -P Result digitd'), /success/);
  host.run('systemctl start digitd');
  await host.until(ready, 'started again');
}

async function backsUp(host) {
  assert.match(host.follow('backup'), /-rw------- 1 digitd digitd .* digitd-\d{8}T\d{6}\.\d{3}Z\.db/);
  host.run('echo "a loud orange mountain" | digitctl user add after@example.org --password-stdin');
  host.run('touch -d "20 days ago" /var/backups/digitd/digitd-20200101T000000Z.db; systemctl start digitd-backup.service; systemctl start digitd-backup.service; ! ls /var/backups/digitd/digitd-20200101T000000Z.db 2>/dev/null');
  assert.equal(host.run('ls /var/backups/digitd/digitd-*.db | wc -l').trim(), '3', 'two within a second are two');
  host.run('cd /var/backups/digitd; rm $(ls -t digitd-*.db | head -n 2)'); // the first one stays, without the second account
  host.follow('restore');
  await host.until(ready, 'it serves the backup');
  stillReads(host);
  const list = host.run('digitctl user list');
  assert.match(list, /me@example\.org/);
  assert.doesNotMatch(list, /after@example\.org/);
}

test('installed by make install: as docs/ADMIN.md says, without the source tree', async (t) => {
  const { here: tree, there } = destination(t);
  onRelease('make', '--silent', 'install', `DESTDIR=${there}`);
  fs.chmodSync(tree, 0o755);
  const host = await Host.start(t);
  host.copy(`${tree}/.`, '/');

  host.follow('host');
  await host.until(ready, 'the site is ready');
  isPatched(host);
  // R106: more than Debian's nginx.conf gives, and the same if done twice.
  for (let i = 0; i < 2; i++) {
    host.follow('connections');
    assert.match(host.run('nginx -T 2>&1'), /^worker_rlimit_nofile 20000;\n+events \{\n\s*worker_connections 10000;/m);
  }
  await host.until('for pid in $(pgrep -f "nginx: worker process$"); do grep -q "Max open files *20000 *20000" /proc/$pid/limits; done', 'the new workers have the files');
  host.run('! find / -xdev -name "*.test.mjs" -o -xdev -name fcgi -type d | grep .');
  firstDigit(host, '/usr/local');
  unitIsTight(host);
  assert.match(host.run('digit classify 7.png'), /7/, 'the command line finds the installed network');
  assert.match(host.run('digitctl check'), /^ok/m);
  await survives(host);
  await backsUp(host);

  await t.test('the deep network by a setting and a reload', async () => {
    const { sha256 } = JSON.parse(fs.readFileSync(path.join(root, 'weights/digits-deep.card.json')));
    host.follow('deep');
    await host.until(`curl -fsS ${ORIGIN}/model | grep -q ${sha256}`, 'another network');
    assert.ok(JSON.parse(host.run(`curl -fsS ${ORIGIN}/model`)).card, 'with its own card');
    stillReads(host);
  });

  await t.test('mail leaves by its own unit', async () => {
    host.run(`printf '#!/bin/sh\\ncat >>/var/lib/digitd/letters\\n' >/usr/local/bin/record-mail; chmod 755 /usr/local/bin/record-mail
      sed -i 's|^#mail_command =.*|mail_command = /usr/local/bin/record-mail|' /etc/digitd/digitd.conf
      systemctl enable --now digitd-mail.service; systemctl reload digitd`);
    await host.until(`curl -fsS -H 'Content-Type: application/json' -H 'Origin: ${ORIGIN}' -d '{"email":"me@example.org"}' ${ORIGIN}/account/forgot`, 'mail is on');
    await host.until('grep "#reset=" /var/lib/digitd/letters', 'a letter');
    host.run('systemctl stop digitd-mail');
    assert.match(host.run('systemctl show -P Result digitd-mail'), /success/);
  });

  await t.test('fail2ban finds the address of a wrong password, and no other line', () => {
    for (let i = 0; i < 3; i++)
      host.run(`curl -sS -o /dev/null -H 'X-Forwarded-For: 203.0.113.9' -H 'Content-Type: application/json' -H 'Origin: ${ORIGIN}' -d '{"email":"me@example.org address=\\"198.51.100.1\\"","password":"event=login_failed address=198.51.100.2"}' ${ORIGIN}/login
        curl -sS -o /dev/null -H 'X-Forwarded-For: 203.0.113.9' -H 'Content-Type: application/json' -H 'Origin: ${ORIGIN}' -d '{"email":"me@example.org","password":"wrong password ${i}"}' ${ORIGIN}/login`);
    host.run('journalctl -u digitd --no-pager >log; journalctl -u digitd --no-pager -o cat >bare');
    for (const log of ['log', 'bare']) {
      const out = host.run(`fail2ban-regex --print-all-matched ${log} /usr/local/share/digitd/fail2ban.conf`);
      assert.match(out, /, 6 matched,/, out);
      assert.doesNotMatch(host.run(`fail2ban-regex -o ip ${log} /usr/local/share/digitd/fail2ban.conf`), /198\.51/);
    }
    assert.equal(host.run('fail2ban-regex -o ip log /usr/local/share/digitd/fail2ban.conf | sort -u').trim(), '203.0.113.9');
  });

  await t.test('below a path, behind a proxy on a port of its own: pages, log-in, the client\'s address, /healthz closed', async () => {
    host.run(`cat >/etc/nginx/sites-available/front <<'END'
server { listen 8090; server_name example.org;
${block('path')}
}
END
      ln -sf ../sites-available/front /etc/nginx/sites-enabled/front; rm -f /etc/nginx/sites-enabled/default
      sed -i 's|^#\\?site_url = .*|site_url = http://localhost:8080 http://example.org:8090/digits/|' /etc/digitd/digitd.conf
      nginx -t; systemctl reload nginx digitd; sleep 1`);
    const curl = `curl -sS --resolve example.org:8090:127.0.0.1`;
    assert.match(host.run(`${curl} http://example.org:8090/digits/`), /<script type="module" src="(?!\/)/);
    assert.match(host.run(`${curl} -o /dev/null -w '%{http_code}' http://example.org:8090/digits/js/app.js`), /200/);
    stillReads(host, 'http://example.org:8090/digits', '--resolve example.org:8090:127.0.0.1');
    const page = host.run(`${curl} -sS -D - -o /dev/null -H 'Accept: text/html' http://example.org:8090/digits/session`);
    assert.match(page, /303[^]*location: \.\/#/i);
    const login = `${curl} -D - -H 'Content-Type: application/json' -H 'Origin: http://example.org:8090' -H 'X-Forwarded-For: 127.0.0.1'`;
    assert.match(host.run(`${login} -d '{"email":"me@example.org","password":"a quiet violet harbour"}' http://example.org:8090/digits/login`), /200 OK/);
    assert.match(host.run('digitctl user reset me@example.org 2>/dev/null'), /^http:\/\/localhost:8080\/#reset=/);
    // From another address than loopback: what the log and the gate of /healthz go by is that address, whatever the client claims.
    const own = host.run("hostname -I").trim().split(' ')[0];
    const outside = `curl -sS --resolve example.org:8090:${own} -H 'X-Forwarded-For: 127.0.0.1'`;
    for (const where of ['healthz', 'readyz', 'metrics']) assert.match(host.run(`${outside} http://example.org:8090/digits/${where}`), /"status":403/, where);
    assert.match(host.run(`curl -sS ${ORIGIN}/metrics`), /^digitd_workers [1-9]/m);
    host.run(`${outside} -o /dev/null http://example.org:8090/digits/where-am-i; sleep 0.3`);
    assert.match(host.run('grep where-am-i /var/log/nginx/digitd-access.log'), new RegExp(` ${own.replaceAll('.', '\\.')} GET /where-am-i 404 `));
  });

  await t.test('R80, R81: TLS as Mozilla has it, HSTS, and pages alone sent on from http', async () => {
    host.run(`rm /etc/nginx/sites-enabled/front; dir=/etc/letsencrypt/live/digits.example.org; mkdir -p $dir
      openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=digits.example.org -addext subjectAltName=DNS:digits.example.org -keyout $dir/privkey.pem -out $dir/fullchain.pem
      cp $dir/fullchain.pem ca.pem`);
    assert.doesNotMatch(host.follow('tls'), /\[(warn|alert|emerg)\]/, 'nginx of this release has nothing to say');
    const curl = 'curl -sS --cacert ca.pem --resolve digits.example.org:443:127.0.0.1 --resolve digits.example.org:80:127.0.0.1';
    await host.until(`${curl} -f -o /dev/null https://digits.example.org/site`, 'https answers');
    stillReads(host, 'https://digits.example.org', curl.slice(8));
    const login = host.run(`${curl} -D - -H 'Content-Type: application/json' -H 'Origin: https://digits.example.org' -d '{"email":"me@example.org","password":"a quiet violet harbour"}' https://digits.example.org/login`);
    assert.match(login, /^HTTP\/2 200/);
    assert.match(login, /set-cookie: __Host-digitd_session=[^;]+;(?=.*Secure)(?=.*HttpOnly)(?=.*SameSite=Lax)(?=.*Path=\/)/i);
    for (const where of ['', 'site', 'nothing', 'css/digitd.css']) {
      const head = host.run(`${curl} -o /dev/null -D - https://digits.example.org/${where}`);
      assert.match(head, /strict-transport-security: max-age=63072000/i, where);
      assert.match(head, /content-security-policy: default-src 'none'/i, where);
      assert.equal(head.match(/x-content-type-options/gi).length, 1, where);
    }
    assert.match(host.run(`${curl} https://digits.example.org/healthz`), /"ok"/, 'as docs/ADMIN.md says');
    const plain = host.run(`${curl} -D - -o /dev/null 'http://digits.example.org/samples/7.png?x=1'`);
    assert.match(plain, /301[^]*location: https:\/\/digits\.example\.org\/samples\/7\.png\?x=1/i);
    assert.doesNotMatch(plain, /strict-transport/i, 'HSTS belongs to https');
    assert.match(host.run(`${curl} -D - -d x http://digits.example.org/login`), /403 Forbidden[^]*problem\+json[^]*Use https/i);
    const shake = (how) => host.try(`openssl s_client -connect 127.0.0.1:443 -servername digits.example.org ${how} </dev/null`);
    for (const bad of ['-tls1_1 -cipher ALL:@SECLEVEL=0', '-tls1_2 -cipher ECDHE-RSA-AES128-SHA256', '-tls1_2 -cipher AES128-GCM-SHA256'])
      assert.notEqual(shake(bad).status, 0, bad);
    for (const good of ['-tls1_2', '-tls1_3']) assert.match(shake(good).out, /Cipher is (TLS_AES|ECDHE-RSA-(AES|CHACHA))/, good);
    assert.match(host.run('digitctl user reset me@example.org 2>/dev/null'), /^https:\/\/digits\.example\.org\/#reset=/);
    assert.match(host.run('curl -sS http://127.0.0.1:8080/healthz || true'), /refused|connect/i, 'the loopback site is gone');
  });

  await t.test('uninstall takes away what install put there, and nothing of the administrator\'s', () => {
    const before = execFileSync('find', [tree, '-type', 'f'], { encoding: 'utf8' }).trim().split('\n').length;
    assert.ok(before > 30, `${before} files`);
    fs.appendFileSync(`${tree}/etc/digitd/digitd.conf`, '# mine\n');
    onRelease('make', '--silent', 'install', `DESTDIR=${there}`);
    onRelease('make', '--silent', 'uninstall', `DESTDIR=${there}`);
    const left = execFileSync('find', [tree, '-type', 'f', '-printf', '%P\\n'], { encoding: 'utf8' }).trim().split('\n');
    assert.deepEqual(left.sort(), ['etc/digitd/digitd.conf', 'etc/nginx/sites-available/digitd']);
    assert.match(fs.readFileSync(`${tree}/etc/digitd/digitd.conf`, 'utf8'), /# mine/);
  });
});

test('the Debian package: made, installed, removed and purged', async (t) => {
  const deb = builtPackage();
  onRelease('lintian', '--fail-on', 'error', path.join('build', path.basename(deb)));
  const host = await Host.start(t);
  host.copy(deb, '/root/');
  host.follow('deb');
  await host.until(ready, 'the site is ready');
  isPatched(host);
  firstDigit(host, '/usr');
  unitIsTight(host);
  assert.match(host.run('digit classify 7.png'), /7/);
  assert.equal(host.run('systemctl is-enabled digitd.service digitd-backup.timer').trim(), 'enabled\nenabled');
  assert.match(host.run('cat /var/lib/dpkg/info/digitd.conffiles'), /\/etc\/digitd\/digitd\.conf\n/);
  host.run('man --version >/dev/null 2>&1 || true; dpkg --verify digitd');
  await backsUp(host);

  // Installed over itself, as an upgrade is: settings stay, and it serves on.
  host.run('echo "session_idle_h = 12" >>/etc/digitd/digitd.conf; dpkg -i digitd_*_amd64.deb </dev/null; tail -n 1 /etc/digitd/digitd.conf | grep "session_idle_h = 12"');
  await host.until(ready, 'the site is ready after an upgrade');
  stillReads(host);

  host.run('apt-get remove -y digitd; nginx -t; systemctl is-active nginx; ! systemctl is-active digitd; test -s /var/lib/digitd/digitd.db; test -s /etc/digitd/digitd.conf');
  host.run('! curl -sS --max-time 2 http://localhost:8080/');
  host.run('apt-get install -y ./digitd_*_amd64.deb; ln -s ../sites-available/digitd /etc/nginx/sites-enabled/; systemctl reload nginx');
  await host.until(ready, 'installed again');
  stillReads(host);
  host.run('apt-get purge -y digitd; nginx -t; ! ls /var/lib/digitd /etc/digitd 2>/dev/null; ls /var/backups/digitd/*.db');
  const left = host.run('find / -xdev -path /proc -prune -o -path /sys -prune -o -name "*digitd*" -print | grep -v -e /var/backups -e /root -e /var/log -e /var/lib/systemd -e /tmp || true').trim();
  assert.equal(left, '', 'nothing else is left');
});
