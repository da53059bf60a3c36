"""What docs/ says of systemd, typed by root on a copy of this machine that is gone afterwards.

systemd itself runs nothing there: its `systemctl` does what needs no running system, and leaves out
what does. Instead the test does what the unit says, as the user that it names.
"""
import os
import shutil
import subprocess
import tempfile
import unittest

import pages

# In an empty folder and a mount namespace of its own: /, with all changes in memory, and the
# checkout. Arguments: that, what is done in the end, and what is typed before.
ON_A_COPY = """
set -e
here=$PWD
mount -t tmpfs none "$here"
cd "$here"
mkdir changes work root
mount -t overlay -o "lowerdir=/,upperdir=$here/changes,workdir=$here/work" none root
for shared in /proc /dev "$1"; do
  mkdir -p "root$shared"
  mount --rbind "$shared" "root$shared"
done
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_OFFLINE=1
for script in "$3" "$2"; do
  chroot root bash -ec 'cd "$1"; eval "$2"' typed "$1" "$script"
done
"""
AS_THE_UNIT_SAYS = """
unit=/etc/systemd/system/ouzel.service
said() { sed -n "s/^$1=//p" $unit; }
as_user() {
  exec setpriv --reuid "$(said User)" --regid "$(said Group)" --clear-groups --no-new-privs \\
    env -i OUZEL_LISTEN=$OUZEL_LISTEN "$@"
}
[ "$(systemctl is-enabled ouzel)" = enabled ]
found=$(systemd-analyze verify $unit 2>&1) || { echo "$found"; false; }
[ -z "$found" ] || { echo "$found"; false; }
install -d -o "$(said User)" -g "$(said Group)" -m "$(said StateDirectoryMode)" \\
  "/var/lib/$(said StateDirectory)"
(as_user $(said ExecStart)) &
curl -fsS --retry 9 --retry-connrefused --retry-delay 1 http://$OUZEL_LISTEN/readyz
MAINPID=$!
echo 'modle: detector' >> /etc/ouzel/pipeline.yaml
eval "$(said ExecReload)"
kill -s "$(said KillSignal)" $MAINPID
wait $MAINPID
(as_user $(said ExecStart)) || code=$?
said RestartPreventExitStatus | grep -qw "$code"
"""


def on_a_copy(last):
    return ("unshare", "--mount", "bash", "-c", ON_A_COPY, "copy", str(pages.ROOT), last)


class Service(unittest.TestCase):
    def setUp(self):
        for program in ("curl", "setpriv", "systemctl", "systemd-analyze", "unshare"):
            if shutil.which(program) is None:
                self.skipTest(f"no {program}")
        if pages.BUILD.resolve() != pages.ROOT / "build":
            self.skipTest("make install takes build/, and OUZEL_BUILD is another")
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([*on_a_copy("true"), "true"], cwd=folder, capture_output=True,
                                  text=True, check=False)
        if done.returncode != 0:
            self.skipTest("no copy of this machine to install into: " + done.stderr.strip())

    def test_pages_say_what_works(self):
        for path in pages.of("e2e"):
            with self.subTest(path.name):
                place = pages.Place(shell=on_a_copy(AS_THE_UNIT_SAYS))
                fault, _ = pages.check(path, "e2e", place)
                self.assertIsNone(fault, fault)
                self.assertFalse(os.path.exists("/etc/ouzel"))
