#!/usr/bin/python3
"""The example configurations of deploy/envoy and deploy/nginx are taken by Envoy and nginx, and a broken one is not."""
import pathlib
import re
import subprocess
import tempfile
import unittest

import proxies


class ProxiesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        proxies.make_certificate(self.folder)

    def skip_without(self, proxy):
        if why := proxy.missing():
            print(f"skipped: {why}")
            self.skipTest(why)

    def check_envoy(self, config):
        return subprocess.run([proxies.envoy_binary(), "--mode", "validate", "--config-path", config], capture_output=True,
                              text=True, check=False)

    def expect_envoy_takes(self, config):
        checked = self.check_envoy(config)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertNotIn("[warning]", checked.stderr)
        self.assertNotIn("deprecated", checked.stderr)

    def expect_nginx_takes(self, config):
        checked = subprocess.run(["nginx", "-t", "-c", config], capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertNotIn("[warn]", checked.stderr)

    def with_tls_to_servers(self, config):
        """The lines marked #tls taken, and what they replace left out."""
        text = config.read_text(encoding="utf-8")
        self.assertIn("#tls ", text)
        text = re.sub(r"/etc/(envoy|nginx)/servers/ca\.crt", str(self.folder / "tls.crt"), text)
        config.write_text(text.replace("#tls ", "").replace("grpc_pass grpc://$servers;", ""), encoding="utf-8")
        return config

    def test_envoy_takes_its_configuration_without_a_warning(self):
        self.skip_without(proxies.Envoy)
        self.expect_envoy_takes(proxies.filled_in(proxies.Envoy, self.folder))

    def test_envoy_takes_tls_to_the_servers(self):
        self.skip_without(proxies.Envoy)
        self.expect_envoy_takes(self.with_tls_to_servers(proxies.filled_in(proxies.Envoy, self.folder)))

    def test_envoy_refuses_a_field_that_there_is_not(self):
        self.skip_without(proxies.Envoy)
        config = proxies.filled_in(proxies.Envoy, self.folder)
        config.write_text(config.read_text().replace("num_retries", "number_of_retries"))
        self.assertNotEqual(self.check_envoy(config).returncode, 0)

    def test_nginx_takes_its_configuration_without_a_warning(self):
        self.skip_without(proxies.Nginx)
        self.expect_nginx_takes(proxies.filled_in(proxies.Nginx, self.folder))

    def test_nginx_takes_tls_to_the_servers(self):
        self.skip_without(proxies.Nginx)
        self.expect_nginx_takes(self.with_tls_to_servers(proxies.filled_in(proxies.Nginx, self.folder)))


if __name__ == "__main__":
    unittest.main()
