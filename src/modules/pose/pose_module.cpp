#include "base/module.hpp"
#include "modules/pose/posenet.hpp"

LENSWIRE_MODULE(lenswire::filter::PoseModule, lenswire::modules::pose::make_module)
