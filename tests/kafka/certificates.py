"""Users and certificates of a secured cluster, made by openssl.

`Security` lives in a folder of its own; nothing in it is worth keeping.
"""
import pathlib
import subprocess

OPENSSL_S = 30
KINDS = ("good", "expired", "self_signed")


def openssl(*arguments, folder):
    done = subprocess.run(["openssl", *map(str, arguments)], cwd=folder, capture_output=True,
                          text=True, timeout=OPENSSL_S, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.strip()[-500:]}")


class Security:
    """`server`: what the brokers show, of a kind of KINDS. `scram`, `plain`: names and secrets."""

    def __init__(self, folder, kind="good"):
        if kind not in KINDS:
            raise ValueError(f"unknown kind of certificate: {kind} (known: {' '.join(KINDS)})")
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.scram = {"alice": "alice-secret"}
        self.plain = {"bob": "bob-secret"}
        self.authority = self._authority("authority")
        self.other_authority = self._authority("other")
        self.server = self._certificate("server", "localhost", kind)
        self.client = self._certificate("client", "carol", "good")   # comes in as User:CN=carol

    def _authority(self, name):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-keyout",
                f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN=ouzel tests {name}",
                folder=self.folder)
        return self.folder / f"{name}.pem"

    def _certificate(self, name, common, kind):
        """One file: the key in PKCS#8, the certificate, and who signed it."""
        extension = self.folder / f"{name}.extension"
        extension.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out",
                f"{name}.request", "-subj", f"/CN={common}", folder=self.folder)
        signer = ["-signkey", f"{name}.key"] if kind == "self_signed" else [
            "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial"]
        openssl("x509", "-req", "-in", f"{name}.request", *signer, "-days",
                -1 if kind == "expired" else 2, "-extfile", extension, "-out", f"{name}.crt",
                folder=self.folder)
        parts = [f"{name}.key", f"{name}.crt"] + ([] if kind == "self_signed" else
                                                  ["authority.pem"])
        whole = self.folder / f"{name}.pem"
        whole.write_text("".join((self.folder / part).read_text() for part in parts))
        return whole

    def scram_arguments(self):
        """For the format command: the users that exist from the first moment."""
        for name, secret in self.scram.items():
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
                yield from ("--add-scram", f"{mechanism}=[name={name},password={secret}]")
