#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "server/embedded_files.hpp"

namespace lenswire::server {
namespace {

std::string text_of(const EmbeddedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()};
}

std::string name_of(const EmbeddedFile& file) {
  return file.path == "/" ? "index.html" : std::string(file.path.substr(1));
}

TEST(EmbeddedPage, HoldsTheFilesByteForByte) {
  for (const auto& file : embedded_files()) {
    const std::filesystem::path made = LENSWIRE_WASM_FILE;
    const bool was_made = made.has_filename() && name_of(file) == made.filename();
    std::ifstream on_disk(
        was_made ? made : std::filesystem::path(LENSWIRE_WEB_FOLDER) / name_of(file),
        std::ios::binary);
    ASSERT_TRUE(on_disk) << file.path;
    EXPECT_EQ(text_of(file), std::string(std::istreambuf_iterator<char>(on_disk), {})) << file.path;
  }
}

TEST(EmbeddedPage, IsCompleteSortedAndTyped) {
  const auto files = embedded_files();
  ASSERT_FALSE(files.empty());
  EXPECT_EQ(files.front().path, "/");
  EXPECT_EQ(files.front().content_type, "text/html; charset=utf-8");
  EXPECT_TRUE(std::is_sorted(files.begin(), files.end(),
                             [](const auto& a, const auto& b) { return a.path < b.path; }));
  std::set<std::string> embedded;
  std::set<std::string_view> etags;
  for (const auto& file : files) {
    embedded.insert(name_of(file));
    etags.insert(file.etag);
    EXPECT_TRUE(file.etag.starts_with('"') && file.etag.ends_with('"')) << file.etag;
  }
  EXPECT_EQ(etags.size(), files.size());
  for (const auto& entry : std::filesystem::directory_iterator(LENSWIRE_WEB_FOLDER)) {
    const auto extension = entry.path().extension();
    if (extension != ".js" && extension != ".css" && extension != ".html") continue;
    EXPECT_TRUE(embedded.contains(entry.path().filename()))
        << entry.path() << ": add it to web/CMakeLists.txt";
  }
}

TEST(EmbeddedPage, HoldsTheDecoderWhereTheBuildMadeOne) {
  const auto files = embedded_files();
  const auto decoder = std::find_if(files.begin(), files.end(),
                                    [](const auto& file) { return file.path == "/strata.wasm"; });
  ASSERT_EQ(decoder != files.end(), !std::string_view(LENSWIRE_WASM_FILE).empty());
  if (decoder == files.end()) GTEST_SKIP() << "strata.wasm needs clang and lld";
  EXPECT_EQ(decoder->content_type, "application/wasm");
  EXPECT_TRUE(text_of(*decoder).starts_with(std::string_view("\0asm", 4)));
}

// WebAssembly may be compiled, text may not.
TEST(EmbeddedPage, ItsPolicyAllowsScriptsOfTheServerAndWebAssemblyOnly) {
  EXPECT_NE(kPagePolicy.find("; script-src 'self' 'wasm-unsafe-eval';"), kPagePolicy.npos);
  EXPECT_TRUE(kPagePolicy.starts_with("default-src 'none';"));
  for (const auto* word : {"'unsafe-eval'", "'unsafe-inline'", "*", "data:", "blob:", "http"})
    EXPECT_EQ(kPagePolicy.find(word), kPagePolicy.npos) << word;
}

// The policy allows no code inside the page, and text of a camera must never become markup.
TEST(EmbeddedPage, KeepsToItsPolicy) {
  for (const auto& file : embedded_files()) {
    const auto text = text_of(file);
    const bool html = file.content_type.starts_with("text/html");
    const auto forbidden =
        html ? std::vector<std::string>{"<style",     " style=",     " onclick=",
                                        " onload=",   " onerror=",   "javascript:",
                                        "src=\"http", "href=\"http", "=\"//"}
             : std::vector<std::string>{"innerHTML",      "outerHTML", "insertAdjacentHTML",
                                        "document.write", "eval(",     "new Function"};
    for (const auto& word : forbidden) {
      EXPECT_EQ(text.find(word), text.npos) << file.path << " holds " << word;
    }
    for (auto at = text.find("<script"); html && at != text.npos;
         at = text.find("<script", at + 1)) {
      EXPECT_NE(text.substr(at, text.find('>', at) - at).find(" src=\""), text.npos) << file.path;
    }
  }
}

TEST(EmbeddedPage, ImportsOnlyWhatIsEmbedded) {
  const std::string import_from = " from './";
  std::set<std::string> embedded;
  for (const auto& file : embedded_files()) embedded.insert(name_of(file));
  int imports = 0;
  for (const auto& file : embedded_files()) {
    const auto text = text_of(file);
    for (auto at = text.find(import_from); at != text.npos; at = text.find(import_from, at + 1)) {
      const auto start = at + import_from.size();
      const auto name = text.substr(start, text.find('\'', start) - start);
      EXPECT_TRUE(embedded.contains(name)) << file.path << " imports " << name;
      ++imports;
    }
  }
  EXPECT_GT(imports, 0);
}

}  // namespace
}  // namespace lenswire::server
