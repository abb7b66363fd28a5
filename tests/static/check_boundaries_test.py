#!/usr/bin/python3
"""check_boundaries.py finds a breach of every kind, and nothing in a tree without one."""
import pathlib
import tempfile
import unittest

import check_boundaries


class CheckBoundariesTest(unittest.TestCase):
    def breaches_of(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return check_boundaries.find_breaches(pathlib.Path(folder))

    def test_accepts_what_points_downwards(self):
        self.assertEqual([], self.breaches_of({
            "server/base/clock.h": "#include <chrono>\n",
            "server/serving/batcher.h": '#include "server/base/clock.h"\n',
            "server/model/torch_module.h": "#include <torch/csrc/jit/api/module.h>\n",
            "server/model/loader.cc": '#include "server/model/torch_module.h"\n#include "server/log/log.h"\n',
            "server/server.cc": '#include "server/serving/batcher.h"\n#include "server/rpc/grpc_server.h"\n',
            "client/channel.h": "#include <grpcpp/channel.h>\n",
        }))

    def test_finds_a_folder_above(self):
        self.assertEqual(
            ["server/base/clock.h includes server/serving/batcher.h: server/base may not depend on server/serving"],
            self.breaches_of({"server/base/clock.h": '#include "server/serving/batcher.h"\n'}))

    def test_finds_a_neighbour(self):
        self.assertEqual(
            ["server/image/png.cc includes server/model/loader.h: server/image may not depend on server/model"],
            self.breaches_of({"server/image/png.cc": '#include "server/model/loader.h"\n'}))

    def test_finds_generated_code_in_the_serving_core(self):
        breaches = self.breaches_of({"server/serving/job.h": '#include "ganserve/v1/images.pb.h"\n'})
        self.assertEqual("server/serving/job.h includes ganserve/v1/images.pb.h: server/serving may not depend on proto",
                         breaches[0])

    def test_finds_the_server_in_the_client_and_the_trainer_in_the_server(self):
        self.assertEqual(2, len(self.breaches_of({
            "client/image_client.cc": '#include "server/server.h"\n',
            "server/server.cc": '#include "server/train/trainer.h"\n',
        })))

    def test_finds_every_library_outside_its_place(self):
        for header in ("grpcpp/grpcpp.h", "prometheus/counter.h", "spdlog/spdlog.h", "CLI/CLI.hpp", "libdeflate.h", "png.h", "jpeglib.h", "ft2build.h",
                       "cairo.h", "zlib.h", "openssl/ssl.h", "nlohmann/json.hpp", "google/protobuf/message.h"):
            with self.subTest(header):
                self.assertEqual(1, len(self.breaches_of({"server/serving/batcher.cc": f"# include <{header}>\n"})))

    def test_keeps_a_library_out_of_headers_that_others_include(self):
        self.assertEqual([], self.breaches_of({"server/log/log.cc": "#include <spdlog/spdlog.h>\n"}))
        self.assertEqual(1, len(self.breaches_of({"server/log/log.h": "#include <spdlog/spdlog.h>\n"})))

    def test_follows_libtorch_through_our_own_headers(self):
        breaches = self.breaches_of({
            "server/model/torch_module.h": "#include <ATen/ATen.h>\n",
            "server/model/loader.h": '#include "server/model/torch_module.h"\n',
            "server/server.cc": '#include "server/model/loader.h"\n',
        })
        self.assertEqual(["server/server.cc includes server/model/loader.h, which includes LibTorch"], breaches)

    def test_refuses_an_empty_tree(self):
        self.assertEqual(1, len(self.breaches_of({})))


if __name__ == "__main__":
    unittest.main()
