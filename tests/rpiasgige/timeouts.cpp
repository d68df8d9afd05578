// A server that accepts and says nothing: two calls return false, the third throws and says which.
#include <cstdlib>
#include <iostream>

#include <rpiasgige/client_api.hpp>

int main(int, char** argv) {
  rpiasgige::client::Device camera("127.0.0.1", std::atoi(argv[1]));
  camera.set_read_timeout(0);  // and 10 ms
  if (camera.ping() || camera.get(3, true) != -1) return 2;
  try {
    camera.open();
    return 3;
  } catch (const rpiasgige::client::TimeoutException& error) {
    std::cout << error.origin << "\n";
  }
  return 0;
}
