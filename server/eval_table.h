// An evaluation as text.
#pragma once

#include <string>

#include "server/eval_commands.h"

namespace ganserve {

// Tables for people: the measures of the model beside those of the floor, then the classes.
std::string EvaluationTable(const Evaluation& evaluation);

// One JSON object in one line, for programs: {"model", "data", "extractor", "quality", "floor"}, with --against
// "against" too; docs/evaluation.md lists the fields.
std::string EvaluationJson(const Evaluation& evaluation);

}  // namespace ganserve
