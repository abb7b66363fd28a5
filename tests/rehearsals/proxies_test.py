#!/usr/bin/python3
"""The example configurations of deploy/envoy and deploy/nginx are taken by Envoy and nginx, and a broken one is not."""
import pathlib
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

    def test_envoy_takes_its_configuration_without_a_warning(self):
        self.skip_without(proxies.Envoy)
        checked = self.check_envoy(proxies.filled_in(proxies.Envoy, self.folder))
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertNotIn("[warning]", checked.stderr)
        self.assertNotIn("deprecated", checked.stderr)

    def test_envoy_refuses_a_field_that_there_is_not(self):
        self.skip_without(proxies.Envoy)
        config = proxies.filled_in(proxies.Envoy, self.folder)
        config.write_text(config.read_text().replace("num_retries", "number_of_retries"))
        self.assertNotEqual(self.check_envoy(config).returncode, 0)

    def test_nginx_takes_its_configuration_without_a_warning(self):
        self.skip_without(proxies.Nginx)
        config = proxies.filled_in(proxies.Nginx, self.folder)
        checked = subprocess.run(["nginx", "-t", "-c", config], capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertNotIn("[warn]", checked.stderr)


if __name__ == "__main__":
    unittest.main()
