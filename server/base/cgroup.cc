#include "server/base/cgroup.h"

#include <fstream>
#include <optional>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

// A hierarchy that may limit the controller: where it is mounted and which of its groups is seen there.
struct Hierarchy {
  bool v2 = false;
  fs::path mount_point;
  fs::path mount_root;
};

// "cpu,cpuacct" has "cpu".
bool HasController(const std::string& list, const std::string& controller) {
  return absl::StrCat(",", list, ",").find(absl::StrCat(",", controller, ",")) != std::string::npos;
}

// proc(5): "36 35 98:0 /root /mount/point rw,noatime master:1 - cgroup2 source rw,options".
std::vector<Hierarchy> ReadHierarchies(const fs::path& root, const std::string& controller) {
  std::vector<Hierarchy> hierarchies;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string skipped, mount_root, mount_point, type, source, options;
    fields >> skipped >> skipped >> skipped >> mount_root >> mount_point;
    while (fields >> skipped && skipped != "-") {
    }
    fields >> type >> source >> options;
    const bool v2 = type == "cgroup2";
    if (v2 || (type == "cgroup" && HasController(options, controller)))
      hierarchies.push_back({v2, mount_point, mount_root});
  }
  return hierarchies;
}

// cgroups(7): "0::/path" for v2, "4:cpu,cpuacct:/path" for v1. A path may have colons.
std::optional<std::string> OwnGroup(const fs::path& root, const std::string& controller, bool v2) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (v2 ? controllers.empty() : HasController(controllers, controller)) return line.substr(second + 1);
  }
  return std::nullopt;
}

// Where a group is found below the mount point. In a container without a cgroup namespace the group's path starts with
// the mount's root; a path that leads elsewhere is not visible here, and the mount point is the closest group that is.
fs::path VisiblePath(const std::string& group, const fs::path& mount_root) {
  const fs::path relative = fs::path(group).lexically_relative(mount_root);
  const bool visible = !relative.empty() && *relative.begin() != "..";
  return visible ? relative : fs::path(".");
}

// From the mount point down to the process's group.
void AddGroups(const fs::path& root, const std::string& controller, const Hierarchy& hierarchy,
               std::vector<Cgroup>* groups) {
  const std::optional<std::string> group = OwnGroup(root, controller, hierarchy.v2);
  if (!group) return;
  fs::path path = root / hierarchy.mount_point.relative_path();
  groups->push_back({hierarchy.v2, path});
  for (const fs::path& name : VisiblePath(*group, hierarchy.mount_root)) {
    path /= name;
    groups->push_back({hierarchy.v2, path});
  }
}

}  // namespace

std::vector<Cgroup> ReadCgroups(const fs::path& root, const std::string& controller) {
  std::vector<Cgroup> groups;
  for (const Hierarchy& hierarchy : ReadHierarchies(root, controller)) {
    AddGroups(root, controller, hierarchy, &groups);
  }
  return groups;
}

}  // namespace ganserve
