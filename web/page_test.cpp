#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

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
    std::ifstream on_disk(std::filesystem::path(LENSWIRE_WEB_FOLDER) / name_of(file),
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

TEST(EmbeddedPage, KeepsToItsPolicy) {
  const std::regex inline_code(
      R"(<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=|javascript:)", std::regex::icase);
  const std::regex markup_from_text(
      R"(innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\()");
  const std::regex other_server(R"((src|href)="(https?:)?//)");
  for (const auto& file : embedded_files()) {
    const auto text = text_of(file);
    if (file.content_type.starts_with("text/html")) {
      EXPECT_FALSE(std::regex_search(text, inline_code)) << file.path;
      EXPECT_FALSE(std::regex_search(text, other_server)) << file.path;
    }
    if (file.content_type.starts_with("text/javascript")) {
      EXPECT_FALSE(std::regex_search(text, markup_from_text)) << file.path;
    }
  }
}

TEST(EmbeddedPage, ImportsOnlyWhatIsEmbedded) {
  const std::regex import_line(R"(from '\./([^']+)')");
  std::set<std::string> embedded;
  for (const auto& file : embedded_files()) embedded.insert(name_of(file));
  int imports = 0;
  for (const auto& file : embedded_files()) {
    const auto text = text_of(file);
    for (std::sregex_iterator match(text.begin(), text.end(), import_line), end; match != end;
         ++match) {
      EXPECT_TRUE(embedded.contains((*match)[1])) << file.path << " imports " << (*match)[1];
      ++imports;
    }
  }
  EXPECT_GT(imports, 0);
}

}  // namespace
}  // namespace lenswire::server
