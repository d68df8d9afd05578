// depth.cpp - lenswire depth: PNG to Strata and back, for files and whole folders.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/thread.hpp"
#include "cli/command.hpp"
#include "cli/depth_files.hpp"
#include "cli/progress.hpp"
#include "cli/text.hpp"

namespace lenswire::cli {
namespace {

using namespace std::chrono_literals;

struct Options {
  std::vector<std::string> paths;
  std::string folder;
  std::string profile = "default";
  std::uint32_t near_limit = 0;
  std::string near_unit = "codes";
  std::uint32_t threads = 0;
  bool force = false;
  bool json = false;

  [[nodiscard]] Existing existing() const noexcept {
    return force ? Existing::Replace : Existing::Refuse;
  }
};

// What became of many files.
struct Outcome {
  DepthSizes sizes;
  std::uint64_t files = 0;
  std::uint64_t skipped = 0;
  std::uint64_t failed = 0;
  std::optional<Error> first_error;
  double seconds = 0;
};

// Work on one file; nothing: it is none of ours.
using Convert =
    std::function<Result<std::optional<DepthSizes>>(DepthConverter&, const DepthFile&, Existing)>;

// The threads share a list of files; a file that fails does not stop the others.
class Batch {
 public:
  Batch(const Options& options, const std::vector<DepthFile>& files, Convert convert,
        const base::StopToken& stop)
      : options_(options), files_(files), convert_(std::move(convert)), stop_(stop) {}

  Outcome run(const strata_options& codec) {
    const auto begun = base::system_clock().now();
    const auto wanted =
        options_.threads > 0 ? options_.threads : std::max(1U, std::thread::hardware_concurrency());
    const auto workers = static_cast<std::uint32_t>(std::min<std::size_t>(wanted, files_.size()));
    auto each = codec;
    each.threads = std::max(1U, wanted / workers);  // few files: bands side by side
    std::vector<std::thread> threads;
    for (std::uint32_t i = 0; i < workers; ++i)
      threads.emplace_back([this, each, i] {
        base::set_thread_name(fmt::format("lw-depth-{}", i));
        work(each);
      });
    show_progress();
    for (auto& thread : threads) thread.join();
    base::MutexLock lock(mutex_);
    outcome_.seconds = std::chrono::duration<double>(base::system_clock().now() - begun).count();
    return outcome_;
  }

 private:
  void work(const strata_options& codec) {
    DepthConverter converter(codec);
    while (!stop_.stop_requested()) {
      const auto index = next_.fetch_add(1);
      if (index >= files_.size()) return;
      auto done = convert_(converter, files_[index], options_.existing());
      base::MutexLock lock(mutex_);
      count(done);
      changed_.notify_one();
    }
    base::MutexLock lock(mutex_);
    changed_.notify_one();
  }

  void count(const Result<std::optional<DepthSizes>>& done) LENSWIRE_REQUIRES(mutex_) {
    if (!done) {
      ++outcome_.failed;
      if (!outcome_.first_error) outcome_.first_error = done.error();
    } else if (!*done) {
      ++outcome_.skipped;
    } else {
      ++outcome_.files;
      outcome_.sizes.raw_bytes += (*done)->raw_bytes;
      outcome_.sizes.png_bytes += (*done)->png_bytes;
      outcome_.sizes.strata_bytes += (*done)->strata_bytes;
    }
  }

  void show_progress() {
    Progress progress(files_.size(), "files");
    const auto begun = base::system_clock().now();
    base::MutexLock lock(mutex_);
    while (true) {
      const auto done = outcome_.files + outcome_.skipped + outcome_.failed;
      if (done == files_.size() || stop_.stop_requested()) return;
      const double seconds =
          std::chrono::duration<double>(base::system_clock().now() - begun).count();
      if (done > 0)
        progress.step(
            done, fmt::format("{}/s raw", bytes_text(static_cast<double>(outcome_.sizes.raw_bytes) /
                                                     std::max(seconds, 1e-3))));
      changed_.wait_until(mutex_, base::system_clock().now() + 200ms);
    }
  }

  const Options& options_;
  const std::vector<DepthFile>& files_;
  const Convert convert_;
  const base::StopToken& stop_;
  std::atomic<std::size_t> next_{0};
  base::Mutex mutex_;
  base::ConditionVariable changed_;
  Outcome outcome_ LENSWIRE_GUARDED_BY(mutex_);
};

Result<void> make_folder(const std::string& folder) {
  if (folder.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return write_failure(folder, error.value());
  return {};
}

double ratio(std::uint64_t raw, std::uint64_t packed) noexcept {
  return packed == 0 ? 0 : static_cast<double>(raw) / static_cast<double>(packed);
}

void report(const Options& options, const Outcome& outcome, std::string_view verb) {
  const auto& sizes = outcome.sizes;
  const double rate = static_cast<double>(sizes.raw_bytes) / 1e6 / std::max(outcome.seconds, 1e-9);
  if (options.json) {
    fmt::print("{}\n", json_line({{"files", outcome.files},
                                  {"skipped", outcome.skipped},
                                  {"failed", outcome.failed},
                                  {"raw_bytes", sizes.raw_bytes},
                                  {"png_bytes", sizes.png_bytes},
                                  {"strata_bytes", sizes.strata_bytes},
                                  {"ratio", ratio(sizes.raw_bytes, sizes.strata_bytes)},
                                  {"seconds", outcome.seconds},
                                  {"raw_mbps", rate}}));
    return;
  }
  fmt::print(
      "{} {} {}: raw {}, png {}, strata {} ({:.2f} : 1, {:.0f} % of the PNG) in {:.2f} s{}\n", verb,
      outcome.files, outcome.files == 1 ? "file" : "files",
      bytes_text(static_cast<double>(sizes.raw_bytes)),
      bytes_text(static_cast<double>(sizes.png_bytes)),
      bytes_text(static_cast<double>(sizes.strata_bytes)),
      ratio(sizes.raw_bytes, sizes.strata_bytes), 100 * ratio(sizes.strata_bytes, sizes.png_bytes),
      outcome.seconds,
      outcome.skipped == 0 ? "" : fmt::format("; {} left out: no 16-bit depth", outcome.skipped));
}

Result<void> convert(const Options& options, const Context& context, const strata_options& codec,
                     std::string_view from, std::string_view to, std::string_view verb,
                     Convert work) {
  const auto files = find_depth_files(options.paths, from, to, options.folder);
  if (!files) return fail(files.error());
  if (!options.force)
    if (auto vacant = check_free(*files); !vacant) return vacant;
  if (auto made = make_folder(options.folder); !made) return made;
  const auto outcome = Batch(options, *files, std::move(work), context.stop).run(codec);
  if (context.stop.stop_requested() && outcome.files + outcome.failed < files->size())
    return fail(ErrorCode::Closed, "interrupted");
  if (outcome.files > 0 || options.json) report(options, outcome, verb);
  if (outcome.first_error && outcome.failed == 1) return fail(*outcome.first_error);
  if (outcome.first_error)
    return fail(outcome.first_error->code,
                fmt::format("{}; {} of {} files failed", outcome.first_error->message,
                            outcome.failed, files->size()));
  if (outcome.files == 0)
    return fail(ErrorCode::NotFound,
                fmt::format("none of {} PNG files is 16-bit grey, as depth is", files->size()));
  return {};
}

Result<strata_options> codec_options(const Options& options) {
  strata_options codec{};
  if (options.profile == "fast") codec.profile = STRATA_FAST;
  const bool near = options.profile == "near" || options.near_limit > 0;
  if (near && options.profile == "fast")
    return fail(ErrorCode::InvalidArgument, "--near goes with --profile near, not with fast");
  if (near) codec.near_limit = std::max(1U, options.near_limit);
  if (!near && options.near_unit != "codes")
    return fail(ErrorCode::InvalidArgument, "--near-unit needs --near N");
  codec.near_unit = options.near_unit == "raw" ? STRATA_NEAR_RAW : STRATA_NEAR_CODES;
  return codec;
}

Result<void> encode(const Options& options, const Context& context) {
  const auto codec = codec_options(options);
  if (!codec) return fail(codec.error());
  return convert(options, context, *codec, "png", "strata", "encoded",
                 [](DepthConverter& converter, const DepthFile& file, Existing existing) {
                   return converter.encode(file, existing);
                 });
}

Result<void> decode(const Options& options, const Context& context) {
  return convert(options, context, {}, "strata", "png", "decoded",
                 [](DepthConverter& converter, const DepthFile& file,
                    Existing existing) -> Result<std::optional<DepthSizes>> {
                   auto done = converter.decode(file, existing);
                   if (!done) return fail(done.error());
                   return std::optional(*done);
                 });
}

nlohmann::json to_json(const StrataReport& report) {
  nlohmann::json line = {{"file", report.file.string()},
                         {"bytes", report.file_bytes},
                         {"checksum", report.checksum()}};
  if (report.info) {
    const auto& info = *report.info;
    line["width"] = info.width;
    line["height"] = info.height;
    line["profile"] = profile_name(info.profile, info.near_limit);
    line["near_limit"] = info.near_limit;
    line["bands"] = info.bands;
    line["rank_codes"] = info.rank_codes;
    line["ratio"] = report.ratio();
  }
  if (report.error)
    line["error"] = {{"code", to_string(report.error->code)}, {"message", report.error->message}};
  else
    line["valid_pixels"] = report.valid_pixels;
  return line;
}

void print_row(const StrataReport& report) {
  if (!report.info) {
    fmt::print("{:<40} {:>11}\n", printable(report.file.string()), "unreadable");
    return;
  }
  const auto& info = *report.info;
  fmt::print("{:<40} {:>11} {:<10} {:>5} {:>6} {:>10} {:>7.2f} {}\n",
             printable(report.file.string()), fmt::format("{}x{}", info.width, info.height),
             profile_name(info.profile, info.near_limit), info.bands,
             info.rank_codes == 0 ? std::string("-") : fmt::format("{}", info.rank_codes),
             bytes_text(static_cast<double>(report.file_bytes)), report.ratio(), report.checksum());
}

Result<void> info(const Options& options, const Context& context) {
  const auto files = find_depth_files(options.paths, "strata", "", {});
  if (!files) return fail(files.error());
  if (!options.json)
    fmt::print("{:<40} {:>11} {:<10} {:>5} {:>6} {:>10} {:>7} {}\n", "file", "size", "profile",
               "bands", "codes", "bytes", "ratio", "checksum");
  StrataDecoder decoder(std::max(1U, options.threads));
  std::optional<Error> first_error;
  std::size_t failed = 0;
  for (const auto& file : *files) {
    if (context.stop.stop_requested()) return fail(ErrorCode::Closed, "interrupted");
    const auto report = inspect_strata(file.in, decoder);
    if (options.json)
      fmt::print("{}\n", json_line(to_json(report)));
    else
      print_row(report);
    if (!report.error) continue;
    ++failed;
    if (!first_error) first_error = report.error;
  }
  if (!first_error) return {};
  return fail(first_error->code, failed == 1
                                     ? first_error->message
                                     : fmt::format("{}; {} of {} files are not sound",
                                                   first_error->message, failed, files->size()));
}

void add_paths(CLI::App& command, Options& options, const std::string& what) {
  command.add_option("PATH", options.paths, what + ", or folders of them")->required();
  command.add_option("--threads", options.threads, "How many to use (default: all cores)")
      ->check(CLI::Range(1, 256));
  command.add_flag("--json", options.json, "JSON, one object a line");
}

void add_output(CLI::App& command, Options& options) {
  command.add_option("--out", options.folder, "Folder to write to (default: beside each file)")
      ->type_name("DIR");
  command.add_flag("--force", options.force, "Replace files that are there already");
}

}  // namespace

void add_depth(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("depth", "Convert depth files: 16-bit PNG and .strata");
  command->require_subcommand(1);
  command->footer(
      "Example: lenswire depth encode recording/ --out packed\n"
      "Example: lenswire depth info packed/ --json");

  auto encoding = std::make_shared<Options>();
  auto* to_strata = command->add_subcommand("encode", "16-bit PNG to .strata");
  add_paths(*to_strata, *encoding, "PNG files");
  add_output(*to_strata, *encoding);
  to_strata
      ->add_option("--profile", encoding->profile,
                   "default; fast: larger, but faster; near: smaller, but not exact")
      ->check(CLI::IsMember({"fast", "default", "near"}))
      ->capture_default_str();
  to_strata
      ->add_option("--near", encoding->near_limit,
                   "How far a pixel may be off (default 1 with --profile near)")
      ->check(CLI::Range(1, 255))
      ->type_name("N");
  to_strata
      ->add_option(
          "--near-unit", encoding->near_unit,
          "codes: steps between values that the image has; raw: steps of the 16-bit number")
      ->check(CLI::IsMember({"codes", "raw"}))
      ->capture_default_str();
  to_strata->footer(
      "In a folder, PNG files that are not 16-bit grey are left out.\n"
      "Example: lenswire depth encode recording/ --out packed\n"
      "Example: lenswire depth encode depth_000.png --profile near --near 2");
  to_strata->callback([encoding, &context] { context.finish(encode(*encoding, context)); });

  auto decoding = std::make_shared<Options>();
  auto* to_png = command->add_subcommand("decode", ".strata to 16-bit PNG; checks the checksums");
  add_paths(*to_png, *decoding, ".strata files");
  add_output(*to_png, *decoding);
  to_png->footer("Example: lenswire depth decode packed/ --out recording");
  to_png->callback([decoding, &context] { context.finish(decode(*decoding, context)); });

  auto looking = std::make_shared<Options>();
  auto* show =
      command->add_subcommand("info", "Size, profile, ratio and soundness of .strata files");
  add_paths(*show, *looking, ".strata files");
  show->footer(
      "Each file is decoded, so that its checksums can be compared.\n"
      "Example: lenswire depth info packed/depth_000.strata");
  show->callback([looking, &context] { context.finish(info(*looking, context)); });
}

}  // namespace lenswire::cli
